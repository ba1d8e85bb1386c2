import { order } from './order.ts';
import { epochs, place, settings, settle, tell } from './place.ts';
import { defineScript } from './script.ts';

/**
 * ARGV: epoch, settings (6), platform (JSON), its version, its off, number of bans, person and until of each, number of
 * platform bans, the same, keys and members. What was said to Redis meanwhile is newer than what the store was asked
 * for before: it stays.
 */
export const warm = defineScript(
  place,
  settings,
  settle,
  epochs,
  `
if isStale() then return 0 end
local at = 10
local function learnBans(key)
  local last = at + 2 * tonumber(ARGV[at])
  for i = at + 1, last, 2 do redis.call('HSETNX', key, ARGV[i], ARGV[i + 1]) end
  at = last + 1
end
learnSettings()
learnBans(place .. ':bans')
redis.call('HSET', place .. ':bans', '', '-')
redis.call('EXPIRE', place .. ':bans', keepS)
if number(redis.call('HGET', 'chat:platform', 'version'), -1) < tonumber(ARGV[8]) then
  redis.call('HSET', 'chat:platform', 'json', ARGV[7], 'version', ARGV[8], 'off', ARGV[9])
end
if redis.call('HSETNX', 'chat:platform', 'bans', 1) == 1 then learnBans('chat:platform:bans')
else at = at + 2 * tonumber(ARGV[at]) + 1 end
settle(at)
return 1
`,
);

/** ARGV: settings (6). */
export const setSettings = defineScript(
  place,
  settings,
  tell,
  `learnSettings() tell(modeControl(), '') return 1`,
);

/** What is known of the mode, again: the platform has changed. */
export const tellMode = defineScript(
  place,
  settings,
  tell,
  `
local control = modeControl()
if control then tell(control, '') else redis.call('SREM', 'chat:places', place) end
return 1
`,
);

/** ARGV: person, until (- lifts), control, person as JSON. Posts that are on their way are not let out any more. */
export const setBan = defineScript(
  place,
  tell,
  order,
  `
redis.call('HSET', place .. ':bans', ARGV[1], ARGV[2])
redis.call('EXPIRE', place .. ':bans', keepS)
if ARGV[2] ~= '-' then
  for _, flown in ipairs(redis.call('ZRANGE', flight, 0, -1)) do
    if personIn(flown) == ARGV[1] and redis.call('HEXISTS', held, idIn(flown)) == 0 then land(flown, 'gone') end
  end
end
release()
goOn()
flush()
tell(ARGV[3], ARGV[4])
return holds()
`,
);

/** ARGV: control, ids. */
export const remove = defineScript(
  place,
  tell,
  order,
  `
for i = 2, #ARGV do
  redis.call('ZREMRANGEBYSCORE', place .. ':kept', ARGV[i], ARGV[i])
  local flown = flying(ARGV[i])
  if flown then
    unhold(ARGV[i])
    land(flown, 'posted')
  end
end
release()
goOn()
flush()
tell(ARGV[1], '')
return holds()
`,
);

/** ARGV: person, the same as JSON. Answers the id until which it counts. */
export const purge = defineScript(
  place,
  tell,
  order,
  `
local til = redis.call('HGET', state, 'last') or id(now)
for _, member in ipairs(redis.call('ZRANGE', place .. ':kept', 0, -1)) do
  if string.sub(member, 18, 17 + #ARGV[1] + 1) == ARGV[1] .. ' ' then
    redis.call('ZREM', place .. ':kept', member)
  end
end
for _, flown in ipairs(redis.call('ZRANGE', flight, 0, -1)) do
  if personIn(flown) == ARGV[1] then
    unhold(idIn(flown))
    land(flown, 'posted')
  end
end
release()
goOn()
flush()
tell('{"type":"purge","person":' .. ARGV[2] .. ',"until":"' .. til .. '"}', '')
return { til, holds() }
`,
);

/** ARGV: control, person as JSON or '', 1 when those who reconnect need it too. */
export const tellControl = defineScript(
  place,
  tell,
  `
if ARGV[3] == '1' then tell(ARGV[1], ARGV[2]) else say(place, publication(ARGV[1], ARGV[2])) end
return 1
`,
);
