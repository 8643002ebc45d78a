-- Keep the resolved specification; a job resolves to one specification, so the first one stays.

local job = load(args.job_id)
if not holds(job) then return {'lease_lost'} end
redis.call('HSETNX', key('job', job.id), 'spec', args.spec)
return {'ok'}
