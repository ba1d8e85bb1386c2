import { idempotencyS, publishWithinMs } from '../../../core/chat/bus.ts';
import { keptLength } from '../../../core/chat/protocol.ts';

/** Ids, and what is known of them, are forgotten so long after a broadcast was last used. */
const keepS = 24 * 3_600;

/**
 * What every script of a broadcast begins with. KEYS[1] is its place. What lies there:
 *
 *   :state     hash  last (id given), published (id), from (id: what is kept is whole after it), settings, version, off,
 *                    slow (s), mode (Control, JSON), modeOff (the same while the platform is off), told (stamp),
 *                    closedTil (µs: until then the broadcast counts as moved away)
 *   :kept      zset  score id, member `<id> <person> <message as JSON>`
 *   :out       zset  ids that were published in the last minute
 *   :flight    zset  score id, member `<id> <person> <idempotency key, hashed, or ->`: ids that were given and are neither
 *                    published nor given up
 *   :held      hash  id in flight that waits for those before it → member for :kept
 *   :due       zset  the same ids, score: µs since when they wait
 *   :told      zset  score stamp, member publication of a control
 *   :bans      hash  person → ms until, or 0 for good, or - for lifted; and '' when it is complete
 *   :viewers   hash  task → `<count> <ms>`
 *   :bucket    hash  the channel's bucket (buckets.ts); :bucket:people:<n> who asked of it in those 10 s
 *   :epoch     when Redis was first asked for what it does not know: another one after it has forgotten
 *   :key:<h>   id by idempotency key; = before it: it is published; !: and somebody who tried again was told so
 *   :here:<p>  of a person here: `<id of the last post> <its µs> <µs of the one before> <µs from which to try again>`
 *
 * Numbers of 16 digits fit a Lua number, but its own way to write them does not keep them: always `id()`.
 */
export const place = `
local place = KEYS[1]
local state = place .. ':state'
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local keepS = ${keepS}

local function number(text, otherwise)
  return tonumber(text or nil) or otherwise
end

local function id(us)
  return string.format('%016.0f', us)
end

-- Handed over to another shard.
local function isClosed()
  return number(redis.call('HGET', state, 'closedTil'), 0) > now
end

-- Sharded where the server can. Subscribers find out in the same way. Answers how many heard it.
local function say(channel, text)
  local answer = redis.pcall('SPUBLISH', channel, text)
  if type(answer) == 'table' and answer.err then return redis.call('PUBLISH', channel, text) end
  return answer
end
`;

/** Whether subscribers have to use SSUBSCRIBE. Nobody listens there. */
export const sharded = `
local answer = redis.pcall('SPUBLISH', KEYS[1], '')
return type(answer) == 'table' and answer.err and 0 or 1
`;

/** Keeps controls for those who reconnect: they are few, and the last ones are what a screen lacks. */
const toldLength = 300;

export const tell = `
-- Both as JSON; person '' for all.
local function publication(control, person, stamp)
  return '{"control":' .. control .. (person ~= '' and ',"person":' .. person or '')
    .. (stamp and ',"stamp":"' .. stamp .. '"' or '') .. '}'
end

local function tell(control, person)
  local stamp = id(math.max(number(redis.call('HGET', state, 'told'), 0) + 1, now))
  local text = publication(control, person, stamp)
  redis.call('HSET', state, 'told', stamp)
  redis.call('ZADD', place .. ':told', stamp, text)
  redis.call('ZREMRANGEBYRANK', place .. ':told', 0, -${toldLength + 1})
  redis.call('EXPIRE', place .. ':told', keepS)
  redis.call('EXPIRE', state, keepS)
  say(place, text)
end
`;

/**
 * ARGV[1] to [6] of several scripts: settings, version, off, slow s, Control of the mode, the same while the
 * platform is off. Older ones than those that are known change nothing.
 */
export const settings = `
local function learnSettings()
  redis.call('SADD', 'chat:places', place)
  -- Nobody says when a broadcast is forgotten: each new one looks at two others, so that the list stays short.
  for _, other in ipairs(redis.call('SRANDMEMBER', 'chat:places', 2)) do
    if other ~= place and redis.call('EXISTS', other .. ':state') == 0 then
      redis.call('SREM', 'chat:places', other)
    end
  end
  if number(redis.call('HGET', state, 'version'), -1) > tonumber(ARGV[2]) then return end
  redis.call('HSET', state, 'settings', ARGV[1], 'version', ARGV[2], 'off', ARGV[3], 'slow', ARGV[4],
    'mode', ARGV[5], 'modeOff', ARGV[6])
  redis.call('EXPIRE', state, keepS)
end

local function modeControl()
  return redis.call('HGET', state, redis.call('HGET', 'chat:platform', 'off') == '1' and 'modeOff' or 'mode')
end
`;

/**
 * What was read in the store before Redis lost its memory lacks what was said between the two: whoever reads there
 * asks for the epoch first.
 */
export const epochs = `
local function epoch()
  local key = place .. ':epoch'
  redis.call('SET', key, id(now), 'NX')
  redis.call('EXPIRE', key, keepS)
  return redis.call('GET', key)
end

-- '' is never stale. Takes it off the arguments, so that the others are where they are always.
local function isStale()
  local read = table.remove(ARGV, 1)
  return read ~= '' and read ~= redis.call('GET', place .. ':epoch')
end
`;

/** Whoever stored a message has asked whether it is published by then, or has taken it out of the store. */
const decidedWithinMs = 2.5 * publishWithinMs;

/** From here on the order of messages is known: ids are given and messages go out. */
export const settle = `
-- What the keys in ARGV have made, newest first; what Redis knows of them is newer. Who comes after another who has settled
-- may have read what is being taken back: of those only what is older than all that is kept, and decided.
local function learnKeys(first, last, settles)
  local keptFrom = redis.call('HGET', state, 'from') or ''
  for i = last - 1, first, -2 do
    local which = ARGV[i]
    local age = math.max(0, now - tonumber(which))
    local leftS = ${idempotencyS} - math.floor(age / 1000000)
    if leftS > 0 and (settles or (which <= keptFrom and age > ${decidedWithinMs * 1_000})) then
      redis.call('SET', place .. ':key:' .. ARGV[i + 1], '=' .. which, 'NX', 'EX', leftS)
    end
  end
end

-- ARGV from there on: number of keys, message and hash of each, oldest first; members as for :kept, oldest first.
local function settle(from)
  local first = from + 2 * tonumber(ARGV[from]) + 1
  if redis.call('HEXISTS', state, 'last') == 1 then return learnKeys(from + 1, first - 1, false) end
  local members = {}
  for i = first, #ARGV do members[#members + 1] = ARGV[i] end
  for _, part in ipairs({ 'kept', 'out', 'flight', 'held', 'due' }) do
    redis.call('DEL', place .. ':' .. part)
  end
  for _, member in ipairs(members) do
    redis.call('ZADD', place .. ':kept', string.sub(member, 1, 16), member)
  end
  redis.call('EXPIRE', place .. ':kept', keepS)
  local newest = #members > 0 and string.sub(members[#members], 1, 16) or ''
  redis.call('HSET', state,
    'last', id(math.max(number(newest, 0), now)),
    'published', newest,
    'from', #members < ${keptLength} and '' or string.sub(members[1], 1, 16))
  redis.call('EXPIRE', state, keepS)
  learnKeys(from + 1, first - 1, true)
end
`;
