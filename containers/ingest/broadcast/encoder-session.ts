import type { EncodingListener, MediaMessage, SessionEnd } from '../../../core/media/flow.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import type { Encoding } from '../encoding/encoding.ts';
import type { Publisher, PublishSink } from '../rtmp/types.ts';
import type { StartEncoding } from './ports.ts';

/** One encoder connection inside a broadcast: takes its messages, owns its encoding. */
export class EncoderSession implements PublishSink {
  readonly number: number;
  readonly publisher: Publisher;
  readonly encoding: Encoding;
  readonly #onEnded: (session: EncoderSession, reason: SessionEnd) => void;
  #flushed: Promise<void> | undefined;

  constructor(options: {
    readonly number: number;
    readonly publisher: Publisher;
    readonly encoder: string | undefined;
    readonly startEncoding: StartEncoding;
    readonly listener: EncodingListener;
    readonly log: Logger;
    readonly onEnded: (session: EncoderSession, reason: SessionEnd) => void;
  }) {
    this.number = options.number;
    this.publisher = options.publisher;
    this.#onEnded = options.onEnded;
    this.encoding = options.startEncoding({
      session: options.number,
      listener: options.listener,
      encoder: options.encoder,
      backPressure: options.publisher,
      log: options.log,
    });
  }

  message(message: MediaMessage): void {
    this.encoding.message(message);
  }

  ended(reason: SessionEnd): void {
    this.#onEnded(this, reason);
  }

  /** The last fragments are out, or ffmpeg was killed because it did not end in time. */
  flush(): Promise<void> {
    this.#flushed ??= this.encoding.end();
    return this.#flushed;
  }

  kill(): void {
    this.encoding.kill();
  }
}
