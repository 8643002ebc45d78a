-- Pause the fleet, a queue or a worker until it is resumed, whether or not anybody listens now.

local pause = {by = args.by, reason = args.reason or '', at = now, keep_warm = args.keep_warm or false}
redis.call('HSET', key('pauses'), args.scope, cjson.encode(pause))
tell_fleet('paused', {message = args.scope .. ' paused by ' .. args.by})
return {'ok'}
