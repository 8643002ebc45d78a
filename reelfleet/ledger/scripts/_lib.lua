-- Put in front of every script by the loader, after the table KEEP (how long and how much is kept).
-- KEYS[1] is the prefix of all keys; ARGV[1] a JSON object of named arguments; ARGV[2] bytes, for scripts that store some.

local prefix = KEYS[1]
local args = cjson.decode(ARGV[1])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local TERMINAL = {succeeded = true, failed = true, aborted = true, quarantined = true}
local ON_DEVICE = {generate = true, mask = true, matte = true}
local NO_DIAGNOSIS = '{"diagnosed_attempt":0,"exit_signal":"","stderr_tail":"","device":{}}'
local SPILLABLE = {progress = true, preview = true, note = true}
local NUMBERS = {
  'priority', 'attempt', 'max_attempts', 'fence', 'lease_until', 'created', 'deadline', 'phase_until', 'progress_at',
  'preemptions', 'needs_memory', 'abort_at',
}
local TEXTS = {
  'state', 'want', 'stage', 'queue', 'tenant', 'counts', 'holder', 'worker', 'claim_token', 'host', 'phase', 'progress', 'error_code',
  'last_error', 'released', 'decided', 'abort_reason', 'notes', 'started',
  'model', 'given_back', 'preemptible', 'checkpoint', 'checkpointing', 'pause_reason',
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

local function append(fields, extra)
  for name, value in pairs(extra) do
    if value ~= '' then
      fields[#fields + 1] = name
      fields[#fields + 1] = value
    end
  end
end

local function tell_fleet(kind, extra)
  local fields = {'kind', kind}
  append(fields, extra)
  redis.call('XADD', key('fleet'), 'MAXLEN', '~', KEEP.fleet_events, '*', unpack(fields))
end

-- Append to the job's stream and, unless it only tells of progress, to the fleet's.
local function emit(job, kind, extra)
  local fields = {'kind', kind, 'job_id', job.id, 'state', job.state, 'stage', job.stage, 'attempt', job.attempt}
  if job.worker ~= '' then
    fields[#fields + 1] = 'worker'
    fields[#fields + 1] = job.worker
  end
  append(fields, extra or {})
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

-- Of the jobs that wait on a queue the most urgent has the lowest rank: by priority, then by age. (9 * 10^13 ms are far beyond any clock.)
local function rank(job)
  redis.call('ZADD', key('ranks', job.queue), job.priority * 10000000000000 + job.created, job.id)
end

local function wait_for_ticket(job, ticketed_at)
  redis.call('ZADD', key('waiting', job.queue), ticketed_at, job.id)
  write(job, {waiting_since = now})
  rank(job)
  redis.call('SADD', key('queues'), job.queue)
end

local function stop_waiting(job)
  redis.call('ZREM', key('waiting', job.queue), job.id)
  redis.call('ZREM', key('ranks', job.queue), job.id)
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

-- However a lease ends, the device is free for whom the job was to give way to.
local function release(job, verb)
  redis.call('ZREM', key('leases'), job.id)
  local want = job.want == 'yield' and 'run' or job.want
  write(job, {holder = '', lease_until = 0, phase_until = 0, want = want, released = job.fence .. ':' .. verb})
end

local function held(job)
  return job.holder ~= '' and job.lease_until > now
end

-- Ends ----------------------------------------------------------------------------------------------------------------

local function forget(job_id)
  local row = redis.call('HMGET', key('job', job_id), 'state', 'tenant', 'idempotency_key', 'checkpointing')
  redis.call('DEL', key('job', job_id), key('events', job_id), key('preview', job_id), key('decided', job_id))
  redis.call('ZREM', key('jobs'), job_id)
  redis.call('ZREM', key('ids'), job_id)
  redis.call('ZREM', key('ended'), job_id)
  if row[4] and row[4] ~= '' then redis.call('SADD', key('useless_checkpoints'), job_id) end
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

-- A result, or nobody's wish for one, makes the checkpoint useless; after other ends a retry may go on from it.
local function drop_checkpoint(job)
  if job.checkpointing ~= '' then redis.call('SADD', key('useless_checkpoints'), job.id) end
  if job.checkpoint ~= '' then write(job, {checkpoint = ''}) end
end

local function finish(job, state, error_code, error)
  stop_waiting(job)
  redis.call('ZREM', key('leases'), job.id)
  enter(job, state)
  if state == 'succeeded' or state == 'aborted' then drop_checkpoint(job) end
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
  local latency_s = job.abort_at > 0 and (now - job.abort_at) / 1000 or 0
  local details = cjson.encode({reason = reason, at = where(job), phase = job.phase, latency_s = latency_s})
  finish(job, 'aborted', 'aborted', wire_error('aborted', message, details))
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
  local diagnosis = redis.call('HGET', key('job', job.id), 'diagnosis') or NO_DIAGNOSIS
  local last = job.last_error == '' and 'null' or job.last_error
  -- Both are JSON texts already, and are passed on untouched.
  details = details:sub(1, -2) .. ',' .. diagnosis:sub(2, -2) .. ',"last_error":' .. last .. '}'
  finish(job, 'quarantined', 'quarantined', wire_error('quarantined', message, details))
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
  enter(job, (job.counts == '1' or job.given_back == '1') and 'queued' or 'running')
  if delay_ms and delay_ms > 0 then
    redis.call('ZADD', key('delayed'), now + delay_ms, job.id)
  else
    wait_for_ticket(job, now)
  end
end

-- The job lost its holder, or the host of its frames. The next claim counts, unless the result is decided: such a job is as good as
-- delivered, somebody only has to write down what was decided, and no number of vanished holders takes that back.
local function mark_lost(job)
  write(job, {counts = job.decided == '' and '1' or '0', given_back = '1'})
end

-- The holder is gone without a word: its fence is void, and the next claim counts, unless the result is decided.
local function vanish(job, how)
  local told = job.worker .. ' ' .. (how or 'stopped answering') .. ' at ' .. where(job) .. ' in attempt ' .. job.attempt .. ' of ' .. job.max_attempts
  release(job, 'vanish')
  write(job, {fence = next_fence(job)})
  mark_lost(job)
  if job.want == 'abort' or out_of_time(job) then return settle(job) end
  if job.counts == '1' and job.attempt >= job.max_attempts then return quarantine(job) end
  settle(job)
  emit(job, 'retrying', {message = told})
end

local function paused_scope(queue, worker)
  local scopes = {'fleet', 'queue:' .. queue, 'worker:' .. worker}
  local found = redis.call('HMGET', key('pauses'), unpack(scopes))
  for index, scope in ipairs(scopes) do
    if found[index] then return scope end
  end
  return nil
end

local function draining(worker)
  return redis.call('EXISTS', key('drain', worker)) == 1
end

-- The ticket to issue for a job that waits; none while the fleet or its queue is paused, for then it is due when the pause ends.
local function ticket_now(job)
  if not redis.call('ZSCORE', key('waiting', job.queue), job.id) then return {'none'} end
  if paused_scope(job.queue, '') then
    redis.call('ZADD', key('waiting', job.queue), 'XX', 0, job.id)
    return {'none'}
  end
  return {'due', ticket_due(job)}
end

-- What went wrong on a worker lately, the newest first, so that it can tell when it is its device that fails.
local function fault(job, worker, code)
  local faults = key('faults', worker)
  redis.call('LPUSH', faults, cjson.encode({job_id = job.id, model = job.model, code = code, at = now}))
  redis.call('LTRIM', faults, 0, KEEP.faults - 1)
  redis.call('EXPIRE', faults, KEEP.faults_s)
end

local function went_well(worker)
  redis.call('DEL', key('faults', worker))
end
