import { parseArgs } from 'node:util';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { pino } from 'pino';
import { startRtmpServer } from '../../containers/ingest/rtmp/server.ts';

/**
 * Records what an encoder sends: `--name obs --port 19350 --folder test/containers/ingest/rtmp/corpus`, then point
 * the encoder at rtmp://127.0.0.1:19350/live with a made-up key. Two files: up to publish, and what follows
 * Publish.Start, since a replay has to wait for that in between.
 */
const { values } = parseArgs({
  options: {
    name: { type: 'string', default: 'encoder' },
    port: { type: 'string', default: '19350' },
    folder: { type: 'string', default: '.' },
    /** Of media; the recording ends there. */
    bytes: { type: 'string', default: '100000' },
  },
});

const server = await startRtmpServer({
  host: '127.0.0.1',
  port: 0,
  clock: performance,
  log: pino({ level: 'warn' }),
  authorise: () => Promise.resolve({ accepted: true, sink: { message: () => {}, ended: () => {} } }),
});

const start: Buffer[] = [];
const media: Buffer[] = [];
let publishing = false;

const tap = createServer((encoder) => {
  const onward = connect(server.port, '127.0.0.1');
  const finish = (): void => {
    const save = (part: string, pieces: readonly Buffer[]): void =>
      writeFileSync(
        `${values.folder}/${values.name}-${part}.bin`,
        Buffer.concat(pieces).subarray(0, Number(values.bytes)),
      );
    save('start', start);
    save('media', media);
    process.exit(0);
  };
  encoder.on('data', (bytes) => {
    (publishing ? media : start).push(bytes);
    onward.write(bytes);
    if (media.reduce((sum, piece) => sum + piece.length, 0) > Number(values.bytes)) finish();
  });
  onward.on('data', (bytes) => {
    publishing ||= bytes.includes('NetStream.Publish.Start') && bytes.includes('onStatus');
    encoder.write(bytes);
  });
  encoder.on('close', finish);
  encoder.on('error', finish);
  onward.on('error', finish);
});
tap.listen(Number(values.port), '127.0.0.1');
