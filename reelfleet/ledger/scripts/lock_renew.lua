-- Keep a lock that is one's own still; one that ran out is not taken again unasked.

local lock = key('lock', args.name)
if redis.call('GET', lock) ~= args.holder then return {'no'} end
redis.call('PEXPIRE', lock, args.ttl_ms)
return {'yes'}
