-- The most urgent job that waits on each queue; none of a queue that is paused.

local found = {}
for _, queue in ipairs(redis.call('SMEMBERS', key('queues'))) do
  local job_id = not paused_scope(queue, '') and redis.call('ZRANGE', key('ranks', queue), 0, 0)[1]
  if job_id then
    local row = redis.call('HMGET', key('job', job_id), 'priority', 'waiting_since')
    if row[1] then
      found[#found + 1] = {job_id, queue, row[1], tostring(now - tonumber(row[2] or now))}
    else
      redis.call('ZREM', key('ranks', queue), job_id)
    end
  end
end
return {'ok', found}
