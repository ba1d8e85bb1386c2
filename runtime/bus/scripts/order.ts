import { heldBackMs, idempotencyS, publishWithinMs } from '../../../core/chat/bus.ts';
import { keptLength } from '../../../core/chat/protocol.ts';
import { epochs, place, settings, settle, tell } from './place.ts';
import { defineScript } from './script.ts';

/** A repeated publish comes within seconds. */
const rememberedS = 60;

/**
 * The order of what goes out. `flush` has to be called before a script that lets anything go returns.
 */
export const order = `
local flight, held, due = place .. ':flight', place .. ':held', place .. ':due'
local heldBack, publishWithin = ${heldBackMs * 1_000}, ${publishWithinMs * 1_000}
local going = {}

-- What is in flight under this id.
local function flying(which)
  return redis.call('ZRANGEBYSCORE', flight, which, which)[1]
end

local function idIn(flown) return string.sub(flown, 1, 16) end

-- Whose it is.
local function personIn(flown) return string.match(flown, '^%d+ (%S+)') end

-- Nobody may publish it any more: its author has been told that it was refused, or its API task is gone.
local function isTooLate(flown)
  return now - tonumber(idIn(flown)) > publishWithin and redis.call('HEXISTS', held, idIn(flown)) == 0
end

-- Takes it out of flight; what its idempotency key says from now on: 'posted', 'gone', or as before.
local function land(flown, key)
  local which, hash = idIn(flown), string.match(flown, '%S+$')
  if hash ~= '-' then
    local name = place .. ':key:' .. hash
    if key == 'posted' then redis.call('SET', name, '=' .. which, 'EX', ${idempotencyS})
    elseif redis.call('GET', name) == which then redis.call('DEL', name) end
  end
  redis.call('ZREM', flight, flown)
end

local function unhold(which)
  redis.call('HDEL', held, which)
  redis.call('ZREM', due, which)
end

local function go(flown, member)
  local which = idIn(flown)
  land(flown, 'posted')
  redis.call('ZADD', place .. ':kept', which, member)
  redis.call('ZADD', place .. ':out', which, which)
  going[#going + 1] = member
end

-- Lets out what is published already, and gives up what is not.
local function letGo(flown)
  local member = redis.call('HGET', held, idIn(flown))
  if not member then return land(flown, 'gone') end
  unhold(idIn(flown))
  go(flown, member)
end

-- Lets out all that waits for nobody.
local function goOn()
  while true do
    local first = redis.call('ZRANGE', flight, 0, 0)[1]
    local member = first and redis.call('HGET', held, idIn(first))
    if not member then return end
    unhold(idIn(first))
    go(first, member)
  end
end

-- Lets out what has waited long enough, and gives up what it waited for.
local function release()
  if redis.call('EXISTS', due) == 0 then return end
  local late = redis.call('ZRANGEBYSCORE', due, '-inf', id(now - heldBack))
  -- From the future: the clock was put back meanwhile.
  for _, which in ipairs(redis.call('ZRANGEBYSCORE', due, '(' .. id(now), '+inf')) do late[#late + 1] = which end
  if #late == 0 then return end
  table.sort(late)
  for _, flown in ipairs(redis.call('ZRANGEBYSCORE', flight, '-inf', late[#late])) do letGo(flown) end
  goOn()
end

-- ms until something held is due, 0 when nothing is.
local function holds()
  local first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')[2]
  return first and math.max(1, math.ceil((tonumber(first) + heldBack - now) / 1000)) or 0
end

local function flush()
  if #going == 0 then return end
  local texts = {}
  for i, member in ipairs(going) do
    texts[i] = string.sub(member, string.find(member, ' ', 18, true) + 1)
  end
  local prev = redis.call('HGET', state, 'published') or ''
  redis.call('HSET', state, 'published', string.sub(going[#going], 1, 16))
  say(place, '{"prev":"' .. prev .. '","messages":[' .. table.concat(texts, ',') .. ']}')
  local kept = place .. ':kept'
  local extra = redis.call('ZCARD', kept) - ${keptLength}
  if extra > 0 then
    local last = redis.call('ZRANGE', kept, extra - 1, extra - 1)[1]
    redis.call('HSET', state, 'from', string.sub(last, 1, 16))
    redis.call('ZREMRANGEBYRANK', kept, 0, extra - 1)
  end
  redis.call('ZREMRANGEBYSCORE', place .. ':out', '-inf', id(now - ${rememberedS} * 1000000))
  for _, part in ipairs({ ':state', ':kept', ':out', ':bans' }) do redis.call('EXPIRE', place .. part, keepS) end
  going = {}
end
`;

/** ARGV: id, member. Answers whether it was published or the order is not known, and in how many ms something held is due. */
export const publish = defineScript(
  place,
  tell,
  order,
  `
local which, member = ARGV[1], ARGV[2]
local closed = isClosed()
if not closed and redis.call('HEXISTS', state, 'last') == 0 then return { 'cold', 0 } end
release()
local answer = 'published'
local flown = flying(which)
if flown and isTooLate(flown) then
  land(flown, 'gone')
  goOn()
  flown = nil
end
if flown then
  if redis.call('HEXISTS', held, which) == 0 then
    local first = redis.call('ZRANGE', flight, 0, 0)[1]
    while first ~= flown and isTooLate(first) do
      land(first, 'gone')
      first = redis.call('ZRANGE', flight, 0, 0)[1]
    end
    if first == flown then go(flown, member)
    else
      redis.call('HSET', held, which, member)
      redis.call('ZADD', due, id(now), which)
      redis.call('EXPIRE', held, keepS)
      redis.call('EXPIRE', due, keepS)
    end
    goOn()
  end
elseif not redis.call('ZSCORE', place .. ':out', which)
  -- Here it may be kept because a task that is still there has read it in the store; there it is not.
  and (closed or redis.call('ZCOUNT', place .. ':kept', which, which) == 0) then
  answer = 'late'
  -- It was in the store for a moment: whoever filled a hole from there may have shown it.
  tell('{"type":"delete","ids":["' .. which .. '"]}', '')
end
flush()
return { answer, holds() }
`,
);

/** Lets out what is due. Answers in how many ms the next is. */
export const release = defineScript(place, order, `release() flush() return holds()`);

/**
 * What a task needs to go on from \`ARGV[1]\` (id, '' for a newcomer) and from the control ARGV[2] (stamp, '' for
 * none). Where the order of messages is not known it answers with the epoch.
 */
export const snapshot = defineScript(
  place,
  order,
  epochs,
  `
local f = redis.call('HMGET', state, 'last', 'published', 'from', 'told', 'settings')
if not f[1] then return epoch() end
release()
flush()
f = redis.call('HMGET', state, 'last', 'published', 'from', 'told', 'settings')
for _, part in ipairs({ ':state', ':kept', ':bans' }) do redis.call('EXPIRE', place .. part, keepS) end
return {
  f[2] or '', f[3] or '', f[4] or '', f[5] or '',
  redis.call('HGET', 'chat:platform', 'off') or '0',
  redis.call('ZRANGEBYSCORE', place .. ':kept', ARGV[1] == '' and '-inf' or '(' .. ARGV[1], '+inf'),
  ARGV[2] == '' and {} or redis.call('ZRANGEBYSCORE', place .. ':told', '(' .. ARGV[2], '+inf'),
}
`,
);

export const epoch = defineScript(place, epochs, 'return epoch()');

/** ARGV: epoch, settings (6), keys and members; from the store, by a task that nobody has told yet. */
export const settleFromStore = defineScript(
  place,
  settings,
  settle,
  epochs,
  `
if isStale() then return 0 end
learnSettings()
settle(7)
return 1
`,
);
