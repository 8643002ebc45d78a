-- Take jobs from holders whose lease ran out.

local lost = {}
for _, job_id in ipairs(redis.call('ZRANGEBYSCORE', key('leases'), '-inf', '(' .. now, 'LIMIT', 0, args.limit)) do
  local job = load(job_id)
  if job and not TERMINAL[job.state] then
    local worker = job.worker
    vanish(job)
    lost[#lost + 1] = {job.id, job.stage, job.queue, tostring(job.priority), job.state, tostring(job.attempt), worker}
  else
    redis.call('ZREM', key('leases'), job_id)
  end
end
return {'ok', lost}
