-- End the jobs whose deadline passed while nobody held them; a holder learns of it at its next step.

local ended = {}
for _, job_id in ipairs(redis.call('ZRANGEBYSCORE', key('deadlines'), '-inf', '(' .. now, 'LIMIT', 0, args.limit)) do
  local job = load(job_id)
  if job and out_of_time(job) and not TERMINAL[job.state] then
    finish_timed_out(job)
    ended[#ended + 1] = job_id
  else
    redis.call('ZREM', key('deadlines'), job_id)
  end
end
return {'ok', ended}
