-- Jobs whose delay is over wait for a ticket from now on.

local due = {}
for _, job_id in ipairs(redis.call('ZRANGEBYSCORE', key('delayed'), '-inf', now, 'LIMIT', 0, args.limit)) do
  redis.call('ZREM', key('delayed'), job_id)
  local job = load(job_id)
  if job and not TERMINAL[job.state] then
    wait_for_ticket(job, now)
    due[#due + 1] = ticket_due(job)
  end
end
return {'ok', due}
