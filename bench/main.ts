/** `npm run bench -- NAME`: prints a table for people and, as its last line, one JSON object. */

type Run = (args: readonly string[]) => Promise<Readonly<Record<string, number>>>;

const benches: Readonly<
  Record<string, { readonly what: string; readonly load: () => Promise<{ readonly run: Run }> }>
> = {
  latency: {
    what: 'glass to glass in Chromium, beside nginx-rtmp HLS',
    load: () => import('./latency.ts'),
  },
  ingest: {
    what: 'CPU of the Node process beside its ffmpegs',
    load: () => import('./ingest.ts'),
  },
  archive: {
    what: "from the encoder's end to a playable recording, short and long show",
    load: () => import('./archive.ts'),
  },
  plan: {
    what: "the planner's time for 1,000 hosts, and how it grows",
    load: () => import('./plan.ts'),
  },
  origin: {
    what: 'blocking playlist requests: answers a second, wake-up',
    load: () => import('./origin.ts'),
  },
  calls: {
    what: 'calls of one pass of the scheduler over a fleet at rest',
    load: () => import('./calls.ts'),
  },
  'chat-fanout': {
    what: "one channel's messages to 5,000 viewers, beside Socket.IO's own way and plain writes",
    load: () => import('./chat-fanout.ts'),
  },
  'chat-storm': {
    what: '5,000 viewers cut off at once and coming back, beside those who stay',
    load: () => import('./chat-storm.ts'),
  },
  'chat-post': {
    what: "posts through the API to a viewer's screen, also at twice the platform's limit",
    load: () => import('./chat-post.ts'),
  },
  'chat-memory': {
    what: 'memory of an idle viewer',
    load: () => import('./chat-memory.ts'),
  },
};

const usage = (): string =>
  `npm run bench -- NAME [OPTIONS]\n\n${Object.entries(benches)
    .map(([name, { what }]) => `  ${name.padEnd(13)}${what}`)
    .join('\n')}`;

const [name = '', ...args] = process.argv.slice(2);
const bench = benches[name];
if (bench === undefined) {
  const askedForHelp = name === '--help' || name === '';
  (askedForHelp ? console.log : console.error)(
    askedForHelp ? usage() : `there is no bench '${name}'\n\n${usage()}`,
  );
  process.exitCode = askedForHelp ? 0 : 2;
} else {
  const { run } = await bench.load();
  const result = await run(args);
  console.log(JSON.stringify(result));
}
