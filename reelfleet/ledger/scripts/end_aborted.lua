-- The holder stopped because it was told to.

local job = load(args.job_id)
if is_replay(job, 'end_aborted') then return {'ok'} end
if not holds(job) then return {'lease_lost'} end
release(job, 'end_aborted')
if args.phase and job.phase == '' then write(job, {phase = args.phase}) end
finish_aborted(job)
return {'ok'}
