-- A ticket was issued just now.

local queue = redis.call('HGET', key('job', args.job_id), 'queue')
if queue then redis.call('ZADD', key('waiting', queue), 'XX', now, args.job_id) end
return {'ok'}
