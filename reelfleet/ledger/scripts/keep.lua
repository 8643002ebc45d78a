-- The worker's parent process looks after its child's job and, with `lease_ms`, keeps the lease while the child computes: not past the
-- time limit of the phase. Says what it found and for how many milliseconds it has been so.

local job = load(args.job_id)
if not job or TERMINAL[job.state] or job.holder ~= args.worker then return {'no', '0'} end
if job.phase_until > 0 and now > job.phase_until then return {'overran', tostring(now - job.phase_until)} end
if args.lease_ms then extend(job, args.lease_ms) end
if job.want == 'abort' then return {'aborting', tostring(now - job.abort_at)} end
if out_of_time(job) then return {'out_of_time', tostring(now - job.deadline)} end
return {'yes', '0'}
