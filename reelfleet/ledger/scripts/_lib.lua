-- Put in front of every script by the loader, after the table KEEP (how long and how much is kept).
-- KEYS[1] is the prefix of all keys; ARGV[1] a JSON object of named arguments; ARGV[2] bytes, for scripts that store some.

local prefix = KEYS[1]
local args = cjson.decode(ARGV[1])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local TERMINAL = {succeeded = true, failed = true, aborted = true, quarantined = true}
local SPILLABLE = {progress = true, preview = true, note = true}
local NUMBERS = {
  'priority', 'attempt', 'max_attempts', 'fence', 'lease_until', 'created', 'deadline', 'phase_until', 'phase_limit', 'progress_at',
}
local TEXTS = {
  'state', 'want', 'stage', 'queue', 'tenant', 'counts', 'holder', 'worker', 'claim_token', 'host', 'phase', 'progress', 'error_code',
  'last_error', 'released', 'decided', 'abort_reason', 'notes', 'started',
}

local function key(...)
  return prefix .. table.concat({...}, ':')
end

-- The fields of a job that transitions look at; nil when no such job is known.
local function load(job_id)
  local names = {}
  for _, name in ipairs(NUMBERS) do names[#names + 1] = name end
  for _, name in ipairs(TEXTS) do names[#names + 1] = name end
  local values = redis.call('HMGET', key('job', job_id), unpack(names))
  local job = {id = job_id}
  for index, name in ipairs(names) do
    local value = values[index]
    if index <= #NUMBERS then job[name] = tonumber(value or 0) else job[name] = value or '' end
  end
  if job.state == '' then return nil end
  return job
end

local function write(job, changes)
  local flat = {}
  for name, value in pairs(changes) do
    flat[#flat + 1] = name
    flat[#flat + 1] = value
    job[name] = value
  end
  redis.call('HSET', key('job', job.id), unpack(flat))
end

-- Append to the job's stream and, unless it only tells of progress, to the fleet's.
local function emit(job, kind, extra)
  local fields = {'kind', kind, 'job_id', job.id, 'state', job.state, 'stage', job.stage, 'attempt', job.attempt}
  if job.worker ~= '' then
    fields[#fields + 1] = 'worker'
    fields[#fields + 1] = job.worker
  end
  for name, value in pairs(extra or {}) do
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  redis.call('XADD', key('events', job.id), 'MAXLEN', '~', KEEP.job_events, '*', unpack(fields))
  if not SPILLABLE[kind] then
    redis.call('XADD', key('fleet'), 'MAXLEN', '~', KEEP.fleet_events, '*', unpack(fields))
  end
end

local function enter(job, state)
  if job.state == state then return end
  redis.call('ZREM', key('state', job.state), job.id)
  redis.call('ZADD', key('state', state), job.created, job.id)
  write(job, {state = state})
end

-- An error as it travels; `details` is JSON text, so that it is passed on untouched.
local function wire_error(code, message, details)
  return '{"code":' .. cjson.encode(code) .. ',"message":' .. cjson.encode(message) .. ',"retryable":false,"details":' .. details .. '}'
end

local function where(job)
  if job.phase == '' then return job.stage end
  if job.progress == '' then return job.phase end
  local progress = cjson.decode(job.progress)
  if progress.of > 0 then return job.phase .. ' ' .. progress.step .. '/' .. progress.of end
  return job.phase
end

-- Waiting and holding -------------------------------------------------------------------------------------------------

local function wait_for_ticket(job, ticketed_at)
  redis.call('ZADD', key('waiting', job.queue), ticketed_at, job.id)
  redis.call('SADD', key('queues'), job.queue)
end

local function stop_waiting(job)
  redis.call('ZREM', key('waiting', job.queue), job.id)
  redis.call('ZREM', key('delayed'), job.id)
  redis.call('ZREM', key('deadlines'), job.id)
end

local function ticket_due(job)
  return {job.id, job.stage, job.queue, tostring(job.priority)}
end

local function extend(job, lease_ms)
  write(job, {lease_until = now + lease_ms})
  redis.call('ZADD', key('leases'), job.lease_until, job.id)
end

-- Only the holder that the ledger names, with the fence that it gave out last, may act for the job.
local function holds(job)
  return job and not TERMINAL[job.state] and job.fence == args.fence and job.holder == args.worker
end

-- The same ending sent twice (a reply lost on the way) is answered as it was the first time.
local function is_replay(job, verb)
  return job and job.released == args.fence .. ':' .. verb
end

-- Grows even when Redis lost its last writes, because it follows the clock.
local function next_fence(job)
  return math.max(job.fence + 1, now)
end

local function release(job, verb)
  redis.call('ZREM', key('leases'), job.id)
  write(job, {holder = '', lease_until = 0, phase_until = 0, released = job.fence .. ':' .. verb})
end

local function held(job)
  return job.holder ~= '' and job.lease_until > now
end

-- Ends ----------------------------------------------------------------------------------------------------------------

local function forget(job_id)
  local row = redis.call('HMGET', key('job', job_id), 'state', 'tenant', 'idempotency_key')
  redis.call('DEL', key('job', job_id), key('events', job_id), key('preview', job_id), key('decided', job_id))
  redis.call('ZREM', key('jobs'), job_id)
  redis.call('ZREM', key('ids'), job_id)
  redis.call('ZREM', key('ended'), job_id)
  if not row[1] then return end
  redis.call('ZREM', key('state', row[1]), job_id)
  redis.call('ZREM', key('tenant', row[2]), job_id)
  if row[3] then redis.call('DEL', key('idempotency', row[2], row[3])) end
end

-- Every ending makes room: two of the jobs that were kept long enough go, so that nobody has to sweep.
local function forget_old()
  local old = redis.call('ZRANGEBYSCORE', key('ended'), '-inf', now - KEEP.rows_ms, 'LIMIT', 0, 2)
  for _, job_id in ipairs(old) do forget(job_id) end
end

local function finish(job, state, error_code, error)
  stop_waiting(job)
  redis.call('ZREM', key('leases'), job.id)
  enter(job, state)
  write(job, {holder = '', lease_until = 0, phase_until = 0, finished = now, error_code = error_code or '', error = error or ''})
  redis.call('SREM', key('open', job.tenant), job.id)
  redis.call('ZADD', key('ended'), now, job.id)
  emit(job, 'finished', error and {error = error} or nil)
  redis.call('PEXPIRE', key('events', job.id), KEEP.events_ms)
  forget_old()
end

local function finish_aborted(job)
  local reason = job.abort_reason
  local message = reason == '' and 'the job was aborted' or 'the job was aborted: ' .. reason
  finish(job, 'aborted', 'aborted', wire_error('aborted', message, cjson.encode({reason = reason, at = where(job)})))
end

local function finish_timed_out(job)
  local seconds = (job.deadline - job.created) / 1000
  local message = 'the job did not end within its ' .. seconds .. ' s and stopped at ' .. where(job) .. '; allow more with timeout_s'
  finish(job, 'failed', 'timed_out', wire_error('timed_out', message, cjson.encode({timeout_s = seconds, at = where(job)})))
end

local function quarantine(job)
  local message = 'all ' .. job.attempt .. ' attempts ended without an answer, the last one at ' .. where(job)
    .. (job.worker == '' and '' or ' on ' .. job.worker) .. '; look at that worker\'s log before submitting it again'
  local step = job.progress ~= '' and cjson.decode(job.progress).step or 0
  local details = cjson.encode({attempts = job.attempt, phase = job.phase, step = step, stage = job.stage, worker = job.worker})
  local last = job.last_error == '' and 'null' or job.last_error
  finish(job, 'quarantined', 'quarantined', wire_error('quarantined', message, details:sub(1, -2) .. ',"last_error":' .. last .. '}'))
end

-- Between holders -----------------------------------------------------------------------------------------------------

-- What is decided is as good as delivered: neither an abort (abort.lua) nor the deadline takes it back.
local function out_of_time(job)
  return job.deadline > 0 and now > job.deadline and job.decided == ''
end

-- Puts an unfinished job that nobody holds where it belongs: ended, out of reach while paused, delayed, or waiting for a ticket.
local function settle(job, delay_ms)
  if job.want == 'abort' then return finish_aborted(job) end
  if out_of_time(job) then return finish_timed_out(job) end
  if job.deadline > 0 then redis.call('ZADD', key('deadlines'), job.deadline, job.id) end
  if job.want == 'pause' then return enter(job, 'paused') end
  enter(job, job.counts == '1' and 'queued' or 'running')
  if delay_ms and delay_ms > 0 then
    redis.call('ZADD', key('delayed'), now + delay_ms, job.id)
  else
    wait_for_ticket(job, now)
  end
end

-- The holder is gone without a word: its fence is void, and the next claim counts.
local function vanish(job)
  local gone = job.worker
  release(job, 'vanish')
  write(job, {fence = next_fence(job), counts = '1'})
  if job.want == 'abort' or out_of_time(job) then return settle(job) end
  if job.attempt >= job.max_attempts then return quarantine(job) end
  settle(job)
  emit(job, 'retrying', {
    message = gone .. ' stopped answering at ' .. where(job) .. ' in attempt ' .. job.attempt .. ' of ' .. job.max_attempts,
  })
end

local function paused_scope(queue, worker)
  local scopes = {'fleet', 'queue:' .. queue, 'worker:' .. worker}
  local found = redis.call('HMGET', key('pauses'), unpack(scopes))
  for index, scope in ipairs(scopes) do
    if found[index] then return scope end
  end
  return nil
end
