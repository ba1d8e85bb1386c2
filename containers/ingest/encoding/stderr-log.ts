import type { Logger } from '../../../runtime/telemetry/log.ts';
import type { Clock } from './options.ts';

/** What ffmpeg says in every run and nobody can do anything about. */
const noise = [/deprecated pixel format used/, /-vsync is deprecated/, /Last message repeated/];

const windowMs = 10_000;
const maxLinesPerWindow = 20;
const maxLineLength = 500;

/**
 * ffmpeg's standard error, as log lines. A broken stream makes a line for every picture: so many and no more.
 * No secret can be in them, as ffmpeg knows nothing but pipes.
 */
export class StderrLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  #rest = '';
  #windowEndsMs = 0;
  #lines = 0;
  #suppressed = 0;
  #last: string | undefined;

  constructor(options: { readonly log: Logger; readonly clock: Clock }) {
    this.#log = options.log;
    this.#clock = options.clock;
  }

  /** The last line that was not noise: why it died, most likely. */
  get last(): string | undefined {
    return this.#last;
  }

  push(text: string): void {
    const lines = (this.#rest + text).split(/[\r\n]+/);
    this.#rest = (lines.pop() ?? '').slice(0, maxLineLength);
    for (const line of lines) this.#line(line);
  }

  end(): void {
    this.#line(this.#rest);
    this.#rest = '';
    this.#reportSuppressed();
  }

  #line(raw: string): void {
    const line = raw.trim().slice(0, maxLineLength);
    if (line === '' || noise.some((pattern) => pattern.test(line))) return;
    this.#last = line;
    const now = this.#clock.now();
    if (now >= this.#windowEndsMs) {
      this.#reportSuppressed();
      this.#windowEndsMs = now + windowMs;
      this.#lines = 0;
    }
    this.#lines += 1;
    if (this.#lines > maxLinesPerWindow) {
      this.#suppressed += 1;
      return;
    }
    this.#write(line);
  }

  /** `[h264 @ 0x5581] [error] text`: the address is of no use. */
  #write(line: string): void {
    const level = /\[(panic|fatal|error|warning)\] /.exec(line)?.[1];
    const part = /^\[(\S+) @ 0x[0-9a-f]+\]/.exec(line)?.[1];
    const text = line.replace(/^(\[\S+ @ 0x[0-9a-f]+\] )*(\[\w+\] )?/, '');
    const fields = { ffmpeg: text, ...(part !== undefined && { part }) };
    if (level === 'panic' || level === 'fatal') this.#log.error(fields, 'ffmpeg failed');
    else if (level === 'error') this.#log.warn(fields, 'ffmpeg reports an error');
    else this.#log.info(fields, 'ffmpeg warns');
  }

  #reportSuppressed(): void {
    if (this.#suppressed > 0) this.#log.warn({ lines: this.#suppressed }, 'more lines of ffmpeg left out');
    this.#suppressed = 0;
  }
}
