-- Decide which manifest (ARGV[2]) is the job's: the first one, for ever. Whoever comes later gets the bytes that were decided.

local job = load(args.job_id)
if not holds(job) then return {'lease_lost'} end
if job.want == 'abort' then return {'aborted', job.abort_reason} end
redis.call('SETNX', key('decided', job.id), ARGV[2])
-- From now on the job only ends: neither a pause nor another job's hurry keeps it from that.
write(job, {decided = '1', want = 'run', pause_reason = ''})
return {'ok', redis.call('GET', key('decided', job.id))}
