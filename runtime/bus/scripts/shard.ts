import { place } from './place.ts';
import { defineScript } from './script.ts';

/**
 * ARGV: platform (JSON), version, off, then person and until of each ban. Answers the places of the shard, those
 * who are banned now or otherwise than before, and those who are free again.
 */
export const setPlatform = defineScript(`
local places, banned, free = redis.call('SMEMBERS', 'chat:places'), {}, {}
if (tonumber(redis.call('HGET', KEYS[1], 'version') or nil) or -1) > tonumber(ARGV[2]) then
  return { places, banned, free }
end
redis.call('HSET', KEYS[1], 'json', ARGV[1], 'version', ARGV[2], 'off', ARGV[3], 'bans', 1)
local bans = KEYS[1] .. ':bans'
local before, flat = {}, redis.call('HGETALL', bans)
for i = 1, #flat, 2 do before[flat[i]] = flat[i + 1] end
redis.call('DEL', bans)
for i = 4, #ARGV, 2 do
  local who = ARGV[i]
  redis.call('HSET', bans, who, ARGV[i + 1])
  if before[who] ~= ARGV[i + 1] then banned[#banned + 1] = who end
  before[who] = nil
end
for who in pairs(before) do free[#free + 1] = who end
return { places, banned, free }
`);

/** ARGV: field and value in turn. A share of the platform's limit goes with it. */
export const setLimits = defineScript(`
local f = redis.call('HMGET', KEYS[1], 'platformPerS', 'share')
for i = 1, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
local was, is, share = tonumber(f[1] or nil), tonumber(redis.call('HGET', KEYS[1], 'platformPerS')), tonumber(f[2] or nil)
if share and was and was > 0 and was ~= is then
  redis.call('HSET', KEYS[1], 'share', string.format('%.6f', share * is / was))
end
return 1
`);

/** What was counted by the second, in the last one: of the second before as much as still lies in it. */
export const lastSecond = defineScript(`
local time = redis.call('TIME')
local second, part = tonumber(time[1]), tonumber(time[2]) / 1000000
local function counted(at) return tonumber(redis.call('GET', KEYS[1] .. ':' .. at) or nil) or 0 end
return math.floor(counted(second) + counted(second - 1) * (1 - part) + 0.5)
`);

/** KEYS[1] a channel, ARGV[1] what to say on it. Answers how many heard it. */
export const sayTo = defineScript(place, `return say(KEYS[1], ARGV[1])`);
