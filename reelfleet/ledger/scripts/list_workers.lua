-- The workers that live, each with when it was seen last and whether it was asked to drain.

for _, name in ipairs(redis.call('ZRANGEBYSCORE', key('workers'), '-inf', now)) do
  redis.call('ZREM', key('workers'), name)
  redis.call('HDEL', key('worker_infos'), name)
end
local living = {}
for _, name in ipairs(redis.call('ZRANGE', key('workers'), 0, -1)) do
  local info = redis.call('HGET', key('worker_infos'), name)
  if info then living[#living + 1] = {info, tostring(redis.call('EXISTS', key('drain', name)))} end
end
return {'ok', living}
