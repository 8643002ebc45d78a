-- Take a lock that is free or one's own, for a while.

local lock = key('lock', args.name)
local holder = redis.call('GET', lock)
if holder and holder ~= args.holder then return {'no'} end
redis.call('SET', lock, args.holder, 'PX', args.ttl_ms)
return {'yes'}
