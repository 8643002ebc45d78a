-- Take a job in, once: the same idempotency key, or the same id sent twice, gives the job that is there.

local function existing()
  if args.idempotency_key then
    local job_id = redis.call('GET', key('idempotency', args.tenant, args.idempotency_key))
    if job_id then return job_id end
  end
  if redis.call('EXISTS', key('job', args.job_id)) == 1 then return args.job_id end
  return nil
end

local job_id = existing()
if job_id then
  local same = redis.call('HGET', key('job', job_id), 'request_sha256') == args.request_sha256
  return {same and 'exists' or 'conflict', job_id}
end

local job = {id = args.job_id, state = 'queued', stage = args.stage, queue = args.queue, attempt = 0, worker = ''}
job.want, job.counts, job.given_back, job.decided, job.created, job.priority = 'run', '1', '', '', now, args.priority
job.deadline = args.timeout_ms and now + args.timeout_ms or 0
redis.call('HSET', key('job', job.id),
  'job_id', job.id, 'request', args.request, 'request_sha256', args.request_sha256, 'kind', args.kind, 'model', args.model,
  'priority', args.priority, 'tenant', args.tenant, 'state', 'queued', 'want', 'run', 'stage', job.stage, 'queue', job.queue,
  'attempt', 0, 'max_attempts', args.max_attempts, 'counts', '1', 'fence', 0, 'created', now, 'deadline', job.deadline,
  'preemptible', args.preemptible and '1' or '0')
if args.checkpoint then redis.call('HSET', key('job', job.id), 'checkpoint', args.checkpoint) end
if args.follow_up then redis.call('HSET', key('job', job.id), 'follow_up', args.follow_up) end
if args.notes then redis.call('HSET', key('job', job.id), 'notes', args.notes) end
if args.idempotency_key then
  redis.call('HSET', key('job', job.id), 'idempotency_key', args.idempotency_key)
  redis.call('SET', key('idempotency', args.tenant, args.idempotency_key), job.id)
end
redis.call('ZADD', key('jobs'), now, job.id)
redis.call('ZADD', key('ids'), 0, job.id)
redis.call('ZADD', key('state', 'queued'), now, job.id)
redis.call('ZADD', key('tenant', args.tenant), now, job.id)
redis.call('SADD', key('open', args.tenant), job.id)
emit(job, 'submitted')
settle(job)
return {'created', job.id}
