-- How many jobs wait on each queue; a queue on which none waits is forgotten until one does.

local counts = {}
for _, queue in ipairs(redis.call('SMEMBERS', key('queues'))) do
  local count = redis.call('ZCARD', key('waiting', queue))
  if count == 0 then
    redis.call('SREM', key('queues'), queue)
  else
    counts[#counts + 1] = {queue, tostring(count)}
  end
end
return {'ok', counts}
