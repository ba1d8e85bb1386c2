import { order } from './order.ts';
import { place } from './place.ts';
import { defineScript } from './script.ts';

/**
 * Longer than anybody goes by an old list of who has which broadcast, and short enough for a move that broke off
 * in its middle: afterwards the shard that still has the broadcast takes its posts again.
 */
const closedForS = 30;

/**
 * Whoever is asked from here on says that the broadcast has moved. What waits goes out, as its authors were told;
 * what is in flight does not any more, and its authors post it where the broadcast is by then.
 */
export const handOver = defineScript(
  place,
  order,
  `
for _, flown in ipairs(redis.call('ZRANGE', flight, 0, -1)) do letGo(flown) end
flush()
redis.call('HSET', state, 'closedTil', id(now + ${closedForS} * 1000000))
redis.call('EXPIRE', state, keepS)
return 1
`,
);

/** What is known here is from an earlier stay: the store knows what was said and done since. */
export const takeOver = defineScript(
  place,
  `
for _, part in ipairs({ ':state', ':kept', ':out', ':flight', ':held', ':due', ':bans', ':epoch' }) do
  redis.call('DEL', place .. part)
end
return 1
`,
);
