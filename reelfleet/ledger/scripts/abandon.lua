-- The worker's parent process knows that its child is gone: no need to wait until the lease runs out.

local job = load(args.job_id)
if not job then return {'not_found'} end
if TERMINAL[job.state] or job.holder ~= args.worker then return {'none'} end
vanish(job)
if job.state ~= 'queued' then return {'none'} end
return {'due', ticket_due(job)}
