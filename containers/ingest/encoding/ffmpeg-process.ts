import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import {
  flvHeader,
  tagHeaderLength,
  tagTrailerLength,
  writeTagHeader,
  writeTagTrailer,
} from '../../../core/media/flv/tag.ts';
import { firstRenditionDescriptor } from './ffmpeg-arguments.ts';
import type { TrackKind } from './timeline.ts';

/** Up to this length one copy of the body costs less than three entries of a gathered write. */
const copiedLength = 2_048;

export interface FfmpegExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It could not be started. */
  readonly error?: Error;
}

export interface FfmpegOutputs {
  /** Bytes of a rendition, by its place in the ladder. */
  rendition(index: number, chunk: Buffer): void;
  thumbnails(chunk: Buffer): void;
  stderr(text: string): void;
  /** All that was waiting for it has been taken. */
  drained(): void;
  /** Once, after the last output. */
  ended(exit: FfmpegExit): void;
}

/**
 * The process: FLV tags in, pipes out. It ends when its standard input does and so never outlives this
 * process; it is a process group of its own, so that a Ctrl-C meant for this process leaves it time to flush.
 */
export class FfmpegProcess {
  readonly #child: ChildProcess | undefined;
  #stdin: Writable | undefined;
  readonly #outputs: FfmpegOutputs;
  /** When what is gathered goes out; undefined when nothing is. */
  #release: NodeJS.Timeout | 'soon' | undefined;
  #ended = false;

  constructor(options: {
    readonly ffmpeg: string;
    readonly arguments: readonly string[];
    readonly renditions: number;
    readonly outputs: FfmpegOutputs;
  }) {
    this.#outputs = options.outputs;
    const pipes = Array.from({ length: options.renditions }, () => 'pipe' as const);
    try {
      this.#child = spawn(options.ffmpeg, options.arguments, {
        stdio: ['pipe', 'pipe', 'pipe', ...pipes],
        detached: true,
      });
    } catch (error) {
      // Out of memory, for example: spawn throws what it can't emit.
      queueMicrotask(() => this.#end({ code: null, signal: null, error: error as Error }));
      return;
    }
    this.#child.on('error', (error) => {
      if (this.#child?.pid === undefined) this.#end({ code: null, signal: null, error });
    });
    this.#child.on('close', (code, signal) => this.#end({ code, signal }));
    if (this.#child.pid === undefined) return;
    this.#stdin = this.#child.stdin ?? undefined;
    this.#stdin?.on('drain', () => this.#outputs.drained());
    this.#listen(this.#child, options.renditions);
    this.#stdin?.write(flvHeader);
  }

  get pid(): number | undefined {
    return this.#ended ? undefined : this.#child?.pid;
  }

  get queuedBytes(): number {
    return this.#stdin?.writableLength ?? 0;
  }

  /**
   * The body is kept until it is written and must not change.
   * @param holdMs how long it may wait for more; with 0 for what else comes from one read of the encoder's socket.
   */
  write(kind: TrackKind, timestampMs: number, body: Uint8Array, holdMs: number): void {
    const stdin = this.#stdin;
    if (stdin === undefined || !stdin.writable) return;
    this.#gather(stdin, holdMs);
    const bodyLength = body.byteLength;
    const tag = { kind, timestampMs, bodyLength };
    const separate = bodyLength > copiedLength;
    const frame = Buffer.allocUnsafe(tagHeaderLength + (separate ? 0 : bodyLength) + tagTrailerLength);
    const trailerAt = frame.byteLength - tagTrailerLength;
    writeTagHeader(frame, 0, tag);
    writeTagTrailer(frame, trailerAt, bodyLength);
    if (!separate) {
      frame.set(body, tagHeaderLength);
      stdin.write(frame);
      return;
    }
    stdin.write(frame.subarray(0, tagHeaderLength));
    stdin.write(body);
    stdin.write(frame.subarray(trailerAt));
  }

  /** No more input: ffmpeg writes what it has and ends. */
  end(): void {
    this.#stdin?.end();
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
    this.#stdin?.destroy();
    this.#stdin = undefined;
  }

  /** Everything until the hold is over goes out in one system call. */
  #gather(stdin: Writable, holdMs: number): void {
    if (this.#release === undefined) stdin.cork();
    else if (holdMs > 0 || this.#release === 'soon') return;
    else clearTimeout(this.#release);
    const release = (): void => {
      this.#release = undefined;
      stdin.uncork();
    };
    if (holdMs > 0) {
      this.#release = setTimeout(release, holdMs);
    } else {
      this.#release = 'soon';
      process.nextTick(release);
    }
  }

  #listen(child: ChildProcess, renditions: number): void {
    child.stdout?.on('data', (chunk: Buffer) => this.#outputs.thumbnails(chunk));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#outputs.stderr(text));
    for (let index = 0; index < renditions; index++) {
      const pipe = child.stdio[firstRenditionDescriptor + index] as Readable | null | undefined;
      pipe?.on('data', (chunk: Buffer) => this.#outputs.rendition(index, chunk));
    }
    // EPIPE or ECONNRESET when it has died: 'close' tells.
    for (const pipe of child.stdio) pipe?.on('error', () => undefined);
  }

  #end(exit: FfmpegExit): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#outputs.ended(exit);
  }
}
