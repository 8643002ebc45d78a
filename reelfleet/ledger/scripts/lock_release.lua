-- Give up a lock that is one's own.

local lock = key('lock', args.name)
if redis.call('GET', lock) ~= args.holder then return {'no'} end
redis.call('DEL', lock)
return {'yes'}
