-- The worker's parent process keeps the lease while its child computes, but not past the time limit of the phase.

local job = load(args.job_id)
if not job or TERMINAL[job.state] or job.holder ~= args.worker then return {'no'} end
local overran = job.phase_until > 0 and now > job.phase_until and job.state ~= 'paused'
if overran then return {'overran'} end
extend(job, args.lease_ms)
if job.want == 'abort' then return {'aborting'} end
return {'yes'}
