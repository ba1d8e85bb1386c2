import { presenceExpiryMs } from '../../../core/chat/bus.ts';
import { order } from './order.ts';
import { place } from './place.ts';
import { defineScript } from './script.ts';

const sum = `
local viewers, sum = place .. ':viewers', 0
local flat = redis.call('HGETALL', viewers)
for i = 1, #flat, 2 do
  local count, at = string.match(flat[i + 1], '^(%d+) (%d+)$')
  if not at or math.abs(now - tonumber(at)) > ${presenceExpiryMs * 1_000} then redis.call('HDEL', viewers, flat[i])
  else sum = sum + tonumber(count) end
end
`;

/** ARGV: task, its viewers. Answers those of all tasks. Held messages go out as well, should their publishers be gone. */
export const present = defineScript(
  place,
  order,
  `
if ARGV[2] == '0' then redis.call('HDEL', place .. ':viewers', ARGV[1])
else redis.call('HSET', place .. ':viewers', ARGV[1], ARGV[2] .. ' ' .. id(now)) end
`,
  sum,
  `
redis.call('PEXPIRE', viewers, ${presenceExpiryMs})
release()
flush()
return sum
`,
);

export const viewers = defineScript(place, sum, 'return sum');

/** KEYS[1] the lease, ARGV: holder, ms. Answers 1 when it holds it now. */
export const holdLease = defineScript(`
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`);
