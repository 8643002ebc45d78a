-- Give a worker the job, with a new fence, or say why not. Attempts are counted here and nowhere else.

local job = load(args.job_id)

local function refuse(reason, detail)
  return {'refused', reason, detail}
end

local function refuse_ended()
  if job.state == 'aborted' or job.state == 'quarantined' then return refuse(job.state, 'the job is ' .. job.state) end
  if job.error_code == 'timed_out' then return refuse('timed_out', 'the job ran out of its time') end
  return refuse('finished', 'the job has ' .. job.state)
end

local function granted()
  return {'granted', redis.call('HGETALL', key('job', job.id))}
end

if not job then return refuse('unknown', 'no such job; its row may have been forgotten') end
if TERMINAL[job.state] then return refuse_ended() end
if job.stage ~= args.stage then return refuse('wrong_stage', 'the job is at ' .. job.stage) end
if job.holder == args.worker and job.claim_token == args.token then return granted() end
if held(job) then return refuse('held', 'held by ' .. job.holder) end

if job.holder ~= '' then vanish(job) end
if not TERMINAL[job.state] and out_of_time(job) then finish_timed_out(job) end
if TERMINAL[job.state] then return refuse_ended() end
if job.want == 'pause' then return refuse('paused', 'the job is paused') end
local scope = paused_scope(job.queue, args.worker)
if scope then
  -- This ticket is spent; the next one is due as soon as the pause ends.
  redis.call('ZADD', key('waiting', job.queue), 'XX', 0, job.id)
  return refuse('paused', scope .. ' is paused')
end
local not_before = redis.call('ZSCORE', key('delayed'), job.id)
if not_before and tonumber(not_before) > now then
  return refuse('not_yet', 'due in ' .. (tonumber(not_before) - now) .. ' ms')
end
if draining(args.worker) then
  redis.call('ZADD', key('waiting', job.queue), 'XX', 0, job.id)
  return refuse('draining', args.worker .. ' takes nothing new')
end
if job.needs_memory > 0 and args.memory_bytes and args.memory_bytes <= job.needs_memory and ON_DEVICE[job.stage] then
  stop_waiting(job)
  settle(job, KEEP.too_small_ms)
  return refuse('too_small', 'ran out of memory with ' .. job.needs_memory .. ' bytes; this device has ' .. args.memory_bytes)
end
if job.host ~= '' and job.host ~= args.host then return refuse('wrong_host', 'the frames lie on ' .. job.host) end

if job.counts == '1' then
  if job.attempt >= job.max_attempts then
    quarantine(job)
    return refuse_ended()
  end
  job.attempt = job.attempt + 1
end
stop_waiting(job)
write(job, {
  attempt = job.attempt, counts = '0', given_back = '', fence = next_fence(job), holder = args.worker, worker = args.worker, claim_token = args.token,
  started = job.started == '' and now or job.started, phase = '', progress = '', progress_at = 0, phase_until = 0,
})
extend(job, args.lease_ms)
enter(job, 'running')
emit(job, 'claimed')
return granted()
