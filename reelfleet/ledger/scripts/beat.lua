-- A worker lives, for so long unless it says so again.

redis.call('ZADD', key('workers'), now + args.ttl_ms, args.name)
redis.call('HSET', key('worker_infos'), args.name, now .. ' ' .. args.info)
return {'ok'}
