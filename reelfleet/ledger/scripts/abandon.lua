-- The parent process of a worker saw the child die that held the job: what the steward would find out later happens now.

local job = load(args.job_id)
if not job or TERMINAL[job.state] or job.holder ~= args.worker then return {'no'} end
vanish(job)
if job.state ~= 'queued' then return {'no'} end
return {'due', ticket_due(job)}
