-- Take the pause of a scope back.

if redis.call('HDEL', key('pauses'), args.scope) == 0 then return {'no'} end
tell_fleet('resumed', {message = args.scope .. ' resumed'})
return {'yes'}
