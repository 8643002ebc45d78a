-- The holder stopped because the job's deadline passed.

local job = load(args.job_id)
if is_replay(job, 'end_timed_out') then return {'ok'} end
if not holds(job) then return {'lease_lost'} end
release(job, 'end_timed_out')
finish_timed_out(job)
return {'ok'}
