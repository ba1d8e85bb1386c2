import { idempotencyS } from '../../../core/chat/bus.ts';
import { buckets, personKeptS } from './buckets.ts';
import { order } from './order.ts';
import { place, tell } from './place.ts';
import { defineScript } from './script.ts';

/** How a person stands: bans, slow mode, what their idempotency key has made. */
const standingPart = `
-- Nothing where the broadcast is cold: it lacks its order, its settings or its bans; or where it has moved away. Then
-- what to answer, otherwise the person's ban here.
local function known(who)
  local f = redis.call('HMGET', state, 'last', 'settings', 'slow', 'off', 'closedTil')
  if number(f[5], 0) > now then return nil, 'moved' end
  local bans = redis.call('HMGET', place .. ':bans', '', who)
  if f[1] and f[2] and bans[1] then return f, bans[2] end
  return nil, 'cold'
end

-- ms until, 0 for good, nil: not banned. \`nowMs\` by the clock that bans are made with.
local function banned(here, who, nowMs)
  local longest
  for _, text in ipairs({ here or '-', redis.call('HGET', 'chat:platform:bans', who) or '-' }) do
    local til = tonumber(text)
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

-- The published message that this key has made. Whoever asks is told so: it is not taken back any more.
local function posted(key, made)
  local which = string.match(made or '', '^[=!](%d+)$')
  if which and made == '=' .. which then redis.call('SET', key, '!' .. which, 'KEEPTTL') end
  return which
end
`;

/** ARGV: person, hash of the idempotency key or -, ms by the caller's clock. */
export const standing = defineScript(
  place,
  order,
  buckets,
  standingPart,
  `
local f, ban = known(ARGV[1])
if not f then return { ban } end
release()
flush()
local key = place .. ':key:' .. ARGV[2]
local made = ARGV[2] ~= '-' and redis.call('GET', key)
local _, at = fourOf(place .. ':here:' .. ARGV[1])
return {
  'known', f[2], redis.call('HGET', 'chat:platform', 'json') or '',
  tostring(banned(ban, ARGV[1], tonumber(ARGV[3])) or ''), ms(slowFor(at, number(f[3], 0))),
  posted(key, made) or '', holds(),
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
local f, ban = known(who)
if not f then return { ban } end
release()
flush()

local key = place .. ':key:' .. hash
local made = hash ~= '-' and redis.call('GET', key)
if made then
  local which = posted(key, made)
  if which then return { 'posted', which } end
  local flown = flying(made)
  if flown and not isTooLate(flown) then return { 'admitted', made, 1 } end
  if flown then
    land(flown, 'gone')
    goOn()
    flush()
  end
end

local til = banned(ban, who, nowMs)
if til == 0 then return { 'refused', 'banned', -1 } end
if til then return { 'refused', 'timeout', math.ceil(til - nowMs) } end
local limit = limits()
if not staff and (f[4] == '1' or limit.off) then return { 'refused', 'chat-off', -1 } end

local slowS = number(f[3], 0)
local hereKey = place .. ':here:' .. who
local lastId, at, before, hereDue = fourOf(hereKey)
local function saveHere()
  saveFour(hereKey, lastId, at, before, hereDue, ${personKeptS} + slowS)
end
if at and at > now then
  at = now
  saveHere()
end
if not staff then
  local slow = slowFor(at, slowS)
  if slow > 0 then return { 'refused', 'slow-mode', ms(slow) } end
end

local person = personBucket(who, role, limit)
local wait = waitFor(person.spent, person.perS, person.burst)
if wait > 0 then
  savePerson(person)
  return { 'refused', 'person-limit', ms(wait) }
end

local channel = not staff and openBucket(place .. ':bucket', limit.channelPerS, limit.channelBurst)
if channel then
  countPerson(channel, who, at)
  wait = share(channel, at, hereDue)
  if wait > 0 then
    hereDue = now + wait
    saveHere()
    saveBucket(channel)
    return { 'refused', 'channel-limit', ms(wait) }
  end
end

local function countPost(what)
  local key = 'chat:platform:' .. what .. ':' .. time[1]
  if redis.call('INCR', key) == 1 then redis.call('EXPIRE', key, 10) end
end
countPost('asked')
local platform = openBucket('chat:platform:bucket', limit.platformPerS, limit.platformBurst)
countPerson(platform, who, person.last)
wait = share(platform, person.last, person.due)
if wait > 0 then
  person.due = now + wait
  savePerson(person)
  saveBucket(platform)
  if channel then saveBucket(channel) end
  countPost('refused')
  return { 'refused', 'platform-limit', ms(wait) }
end

local given = math.max(tonumber(f[1]) + 1, now)
local which = id(given)
redis.call('HSET', state, 'last', which)
redis.call('ZADD', flight, which, which .. ' ' .. who .. ' ' .. hash)
redis.call('EXPIRE', flight, keepS)
if hash ~= '-' then redis.call('SET', key, which, 'EX', ${idempotencyS}) end
lastId, before, at, hereDue = given, at, now, false
saveHere()
person.spent, person.last, person.due = person.spent + 1, now, false
savePerson(person)
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
local flown = flying(which)
if flown and personIn(flown) == who and redis.call('HEXISTS', held, which) == 0 then
  land(flown, 'gone')
  local limit = limits()
  local hereKey = place .. ':here:' .. who
  local lastId, _, before, hereDue = fourOf(hereKey)
  if lastId == tonumber(which) then
    saveFour(hereKey, 0, before, false, hereDue, ${personKeptS} + number(redis.call('HGET', state, 'slow'), 0))
  end
  local person = personBucket(who, role, limit)
  person.spent, person.last = math.max(0, person.spent - 1), false
  savePerson(person)
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

/** ARGV: id, hash of the idempotency key or -, who takes it back, control that takes it away. */
export const takeBack = defineScript(
  place,
  tell,
  order,
  `
local which, hash, by = ARGV[1], ARGV[2], ARGV[3]
if not isClosed() and redis.call('HEXISTS', state, 'last') == 0 then return { 'cold', 0 } end
release()
local key = place .. ':key:' .. hash
local made = hash ~= '-' and redis.call('GET', key)
local isAnswered = made == '!' .. which
  or by == 'again' and (made == '=' .. which or redis.call('HEXISTS', held, which) == 1)
local isSeen = by ~= 'storer'
if not isAnswered then
  local flown = flying(which)
  if flown then
    unhold(which)
    land(flown, 'gone')
  end
  if made == '=' .. which then redis.call('DEL', key) end
  if redis.call('ZREMRANGEBYSCORE', place .. ':kept', which, which) > 0 then isSeen = true end
  redis.call('ZREM', place .. ':out', which)
end
goOn()
flush()
if not isAnswered and isSeen then tell(ARGV[4], '') end
return { isAnswered and 'answered' or 'gone', holds() }
`,
);
