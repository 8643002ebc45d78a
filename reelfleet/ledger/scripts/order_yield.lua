-- A job of higher priority needs the device: the holder gives its job back at the next step, if that may be asked of it (again).

local job = load(args.job_id)
if not job then return {'not_found'} end
if TERMINAL[job.state] or job.want ~= 'run' or not held(job) or not ON_DEVICE[job.stage] or job.decided ~= '' then return {'no'} end
if job.preemptible ~= '1' or job.preemptions >= args.max_preemptions then return {'no'} end
write(job, {want = 'yield'})
emit(job, 'ordered', {message = 'yield to ' .. args.by})
return {'yes'}
