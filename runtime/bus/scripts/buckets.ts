import { defaultLimits } from '../../../core/chat/limits.ts';

const { person, channel, platform } = defaultLimits;

/** Staff answer many people: so many times what a person may. */
const staffTimes = 4;

/** Long enough for a bucket to be full again, and for every gap between posts that matters. */
export const personKeptS = 300;

/**
 * Token buckets, kept as what was spent of them: one that was never used does not exist, and a changed limit
 * holds at once. And how a bucket that is asked for too much is shared among people:
 *
 * More than half full: whoever comes is taken. Below, somebody whose last post is younger than the gap
 * (people who ask ÷ posts a second: everybody's share) waits for the rest of it. So who asks in a burst pays with
 * their own time, and who posts seldom passes. Should the bucket run empty all the same (everybody at once),
 * people get times one after the other, at nine tenths of the rate so that it fills up again meanwhile.
 * A time that was given is kept: until it comes the answer stays the same however often one asks, and when it has
 * come the gap is not asked again.
 *
 * Fields of a bucket: spent, at (µs), tail (µs: the last time that was given), people, peopleAt, slot (10 s each),
 * before (people of the slot before). People are kept as texts of four numbers, 0 for none: one command reads
 * and one writes them, and there are many.
 */
export const buckets = `
local keptPromise, longestWait = 10000000, 300000000

local function limits()
  local f = redis.call('HMGET', 'chat:platform', 'personPerS', 'personBurst', 'channelPerS', 'channelBurst',
    'platformPerS', 'platformBurst', 'share', 'off')
  local perS, burst = number(f[5], ${platform.perS}), number(f[6], ${platform.burst})
  local share = number(f[7], perS)
  return {
    personPerS = number(f[1], ${person.perS}), personBurst = number(f[2], ${person.burst}),
    channelPerS = number(f[3], ${channel.perS}), channelBurst = number(f[4], ${channel.burst}),
    platformPerS = share, platformBurst = perS > 0 and math.max(1, burst * share / perS) or burst,
    off = f[8] == '1',
  }
end

-- What is still spent of what was spent then. A clock that was put back forgives nothing and holds nothing up.
local function spentNow(spent, at, perS, burst)
  local elapsed = math.max(0, now - math.min(at, now))
  return math.max(0, math.min(spent, burst) - elapsed * perS / 1000000)
end

local function waitFor(spent, perS, burst)
  if spent + 1 <= burst + 0.000001 then return 0 end
  if perS <= 0 then return longestWait end
  return math.min(longestWait, (spent + 1 - burst) * 1000000 / perS)
end

local function openBucket(key, perS, burst)
  local f = redis.call('HMGET', key, 'spent', 'at', 'tail', 'people', 'peopleAt', 'slot', 'before')
  -- No time is given further ahead than that: the clock was put back.
  local tail = number(f[3], 0)
  return {
    key = key, perS = perS, burst = burst,
    spent = spentNow(number(f[1], 0), number(f[2], now), perS, burst),
    tail = tail <= now + longestWait and tail or 0,
    people = number(f[4], 1), peopleAt = number(f[5], 0), slot = number(f[6], 0), before = number(f[7], 0),
  }
end

local function saveBucket(b)
  redis.call('HSET', b.key, 'spent', string.format('%.6f', b.spent), 'at', id(now))
  if b.given then redis.call('HSET', b.key, 'tail', id(b.tail)) end
  if b.counted then
    redis.call('HSET', b.key, 'people', b.people, 'peopleAt', id(b.peopleAt), 'slot', b.slot, 'before', b.before)
    redis.call('EXPIRE', b.key, 600)
  end
end

-- Somebody asks, who was taken last at that time: counts people, by those of this slot of 10 s and of the one before.
local function countPerson(b, who, last)
  local slot = math.floor(now / 10000000)
  local isNew = slot ~= b.slot
  if isNew or not last or math.floor(last / 10000000) ~= slot then
    redis.call('PFADD', b.key .. ':people:' .. slot, who)
  end
  if isNew then
    b.before = b.slot == slot - 1 and redis.call('PFCOUNT', b.key .. ':people:' .. b.slot) or 0
    b.slot = slot
    redis.call('EXPIRE', b.key .. ':people:' .. slot, 30)
  end
  if isNew or math.abs(now - b.peopleAt) > 200000 then
    b.people = math.max(1, b.before, redis.call('PFCOUNT', b.key .. ':people:' .. slot))
    b.peopleAt, b.counted = now, true
  end
end

-- µs to wait, 0: there is room. \`last\` post and \`promised\` time of this person, or false.
local function share(b, last, promised)
  local free = b.burst - b.spent + 0.000001
  if free >= 1 and free >= b.burst / 2 then return 0 end
  if b.perS <= 0 then return longestWait end
  local each = 1000000 / b.perS
  if promised and promised > now and promised <= now + longestWait then return promised - now end
  local queue = b.tail > now
  local rest = 0
  if promised and promised <= now and now - promised < keptPromise then
    -- Empty although it is their time: others came late, all at once. A new time each, or they would collide again.
    if free >= 1 then return 0 end
  else
    local gap = math.min(longestWait, b.people * each)
    rest = last and math.min(gap, last + gap - now) or 0
    if free >= 1 and not queue then return math.max(0, rest) end
  end
  b.tail, b.given = math.min(math.max(b.tail, now) + each / 0.9, now + longestWait), true
  return math.max(rest, b.tail - now)
end

-- Four numbers of a person, false where there is none.
local function fourOf(key)
  local text = redis.call('GET', key)
  if not text then return 0, false, false, false end
  local a, b, c, d = string.match(text, '^(%S+) (%S+) (%S+) (%S+)$')
  local function time(part) return part ~= '0' and tonumber(part) end
  return tonumber(a), time(b), time(c), time(d)
end

local function saveFour(key, a, b, c, d, forS)
  redis.call('SET', key, string.format('%.6f %.0f %.0f %.0f', a, b or 0, c or 0, d or 0), 'EX', forS)
end

local function personBucket(who, role, limit)
  local times = role == 'viewer' and 1 or ${staffTimes}
  local perS, burst = limit.personPerS * times, limit.personBurst * times
  local key = 'chat:person:' .. who
  local spent, at, last, due = fourOf(key)
  return {
    key = key, spent = spentNow(spent, at or now, perS, burst), perS = perS, burst = burst, last = last, due = due,
  }
end

local function savePerson(person)
  saveFour(person.key, person.spent, now, person.last, person.due, ${personKeptS})
end
`;
