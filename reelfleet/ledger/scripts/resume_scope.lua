-- Take the pause of a scope back.

if redis.call('HDEL', key('pauses'), args.scope) == 0 then return {'no'} end
redis.call('XADD', key('fleet'), 'MAXLEN', '~', KEEP.fleet_events, '*', 'kind', 'resumed', 'message', args.scope .. ' resumed')
return {'yes'}
