-- Pause the fleet, a queue or a worker until it is resumed, whether or not anybody listens now.

redis.call('HSET', key('pauses'), args.scope, cjson.encode({by = args.by, reason = args.reason or '', at = now}))
redis.call('XADD', key('fleet'), 'MAXLEN', '~', KEEP.fleet_events, '*', 'kind', 'paused', 'message', args.scope .. ' paused by ' .. args.by)
return {'ok'}
