import { buckets, personKeptS } from './buckets.ts';
import { idempotencyS, order } from './order.ts';
import { place } from './place.ts';
import { defineScript } from './script.ts';

/** How a person stands: bans, slow mode, what their idempotency key has made. */
const standingPart = `
-- Nothing where the broadcast is cold: it lacks its order, its settings or its bans.
local function known()
  local f = redis.call('HMGET', state, 'last', 'settings', 'slow', 'off')
  return f[1] and f[2] and redis.call('HEXISTS', place .. ':bans', '') == 1 and f
end

-- ms until, 0 for good, nil: not banned. \`nowMs\` by the clock that bans are made with.
local function banned(who, nowMs)
  local longest
  for _, key in ipairs({ place .. ':bans', 'chat:platform:bans' }) do
    local til = tonumber(redis.call('HGET', key, who) or nil)
    if til and (til == 0 or til > nowMs) and longest ~= 0 and (til == 0 or til > (longest or 0)) then
      longest = til
    end
  end
  return longest
end

-- µs until slow mode lets this person post again.
local function slowFor(at, slowS)
  if not at or slowS <= 0 then return 0 end
  return math.max(0, math.min(at, now) + slowS * 1000000 - now)
end

local function ms(us)
  return math.ceil(us / 1000)
end
`;

/** ARGV: person, hash of the idempotency key or -, ms by the caller's clock. */
export const standing = defineScript(
  place,
  order,
  standingPart,
  `
local f = known()
if not f then return { 'cold' } end
release()
flush()
local made = ARGV[2] ~= '-' and redis.call('GET', place .. ':key:' .. ARGV[2]) or ''
local at = number(redis.call('HGET', place .. ':here:' .. ARGV[1], 'at'), false)
return {
  'known', f[2], redis.call('HGET', 'chat:platform', 'json') or '',
  tostring(banned(ARGV[1], tonumber(ARGV[3])) or ''), ms(slowFor(at, number(f[3], 0))),
  string.sub(made, 1, 1) == '=' and string.sub(made, 2) or '', holds(),
}
`,
);

/** ARGV: person, role, hash of the idempotency key or -, ms by the caller's clock. */
export const admit = defineScript(
  place,
  order,
  standingPart,
  buckets,
  `
local who, role, hash, nowMs = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local staff = role ~= 'viewer'
local f = known()
if not f then return { 'cold' } end
release()
flush()

local key = place .. ':key:' .. hash
local made = hash ~= '-' and redis.call('GET', key)
if made then
  if string.sub(made, 1, 1) == '=' then return { 'posted', string.sub(made, 2) } end
  if redis.call('ZSCORE', flight, made) then return { 'admitted', made, 1 } end
end

local til = banned(who, nowMs)
if til == 0 then return { 'refused', 'banned', -1 } end
if til then return { 'refused', 'timeout', math.ceil(til - nowMs) } end
local limit = limits()
if not staff and (f[4] == '1' or limit.off) then return { 'refused', 'chat-off', -1 } end

local hereKey = place .. ':here:' .. who
local h = redis.call('HMGET', hereKey, 'at', 'due')
local at, hereDue = number(h[1], false), number(h[2], false)
if at and at > now then
  at = now
  redis.call('HSET', hereKey, 'at', id(now))
end
if not staff then
  local slow = slowFor(at, number(f[3], 0))
  if slow > 0 then return { 'refused', 'slow-mode', ms(slow) } end
end

local person = personBucket('chat:person:' .. who, role, limit)
local wait = waitFor(person.spent, person.perS, person.burst)
if wait > 0 then
  redis.call('HSET', person.key, 'spent', string.format('%.6f', person.spent), 'at', id(now))
  return { 'refused', 'person-limit', ms(wait) }
end

local channel = not staff and openBucket(place .. ':bucket', limit.channelPerS, limit.channelBurst)
if channel then
  countPerson(channel, who)
  wait = share(channel, at, hereDue)
  if wait > 0 then
    redis.call('HSET', hereKey, 'due', id(now + wait))
    redis.call('EXPIRE', hereKey, ${personKeptS} + number(f[3], 0))
    saveBucket(channel)
    return { 'refused', 'channel-limit', ms(wait) }
  end
end

local second = math.floor(now / 1000000)
local a = redis.call('HMGET', 'chat:platform:asked', 'second', 'asked')
if number(a[1], 0) == second then redis.call('HINCRBY', 'chat:platform:asked', 'asked', 1)
else
  redis.call('HSET', 'chat:platform:asked', 'second', second, 'asked', 1,
    'before', number(a[1], 0) == second - 1 and a[2] or 0)
end
local platform = openBucket('chat:platform:bucket', limit.platformPerS, limit.platformBurst)
countPerson(platform, who)
wait = share(platform, person.last, person.due)
if wait > 0 then
  redis.call('HSET', person.key, 'due', id(now + wait))
  redis.call('EXPIRE', person.key, ${personKeptS})
  saveBucket(platform)
  if channel then saveBucket(channel) end
  return { 'refused', 'platform-limit', ms(wait) }
end

local which = id(math.max(tonumber(f[1]) + 1, now))
redis.call('HSET', state, 'last', which)
redis.call('ZADD', flight, which, which)
redis.call('HSET', info, which, who .. ' ' .. hash)
redis.call('EXPIRE', flight, keepS)
redis.call('EXPIRE', info, keepS)
if hash ~= '-' then redis.call('SET', key, which, 'EX', ${idempotencyS}) end
redis.call('HSET', hereKey, 'at', id(now), 'before', at and id(at) or '', 'id', which)
if hereDue then redis.call('HDEL', hereKey, 'due') end
redis.call('EXPIRE', hereKey, ${personKeptS} + number(f[3], 0))
redis.call('HSET', person.key, 'spent', string.format('%.6f', person.spent + 1), 'at', id(now), 'last', id(now))
if person.due then redis.call('HDEL', person.key, 'due') end
redis.call('EXPIRE', person.key, ${personKeptS})
if channel then
  channel.spent = channel.spent + 1
  saveBucket(channel)
end
platform.spent = platform.spent + 1
saveBucket(platform)
return { 'admitted', which, 0 }
`,
);

/** ARGV: id, person, role. What was published, or given up, stays so; a second time changes nothing. */
export const withdraw = defineScript(
  place,
  order,
  buckets,
  `
local which, who, role = ARGV[1], ARGV[2], ARGV[3]
local known = redis.call('HGET', info, which)
if known and string.match(known, '^[^ ]+') == who and redis.call('ZSCORE', flight, which)
  and redis.call('HEXISTS', held, which) == 0 then
  land(which, 'gone')
  local limit = limits()
  local hereKey = place .. ':here:' .. who
  local h = redis.call('HMGET', hereKey, 'id', 'before')
  if h[1] == which then
    if h[2] and h[2] ~= '' then redis.call('HSET', hereKey, 'at', h[2]) else redis.call('HDEL', hereKey, 'at') end
  end
  local person = personBucket('chat:person:' .. who, role, limit)
  redis.call('HSET', person.key, 'spent', string.format('%.6f', math.max(0, person.spent - 1)), 'at', id(now))
  redis.call('HDEL', person.key, 'last')
  redis.call('EXPIRE', person.key, ${personKeptS})
  local of = { openBucket('chat:platform:bucket', limit.platformPerS, limit.platformBurst) }
  if role == 'viewer' then of[2] = openBucket(place .. ':bucket', limit.channelPerS, limit.channelBurst) end
  for _, b in ipairs(of) do
    b.spent = math.max(0, b.spent - 1)
    saveBucket(b)
  end
end
release()
goOn()
flush()
return holds()
`,
);
