-- Order a job to pause: at once when nobody holds it, else its holder stands still at the next step.

local job = load(args.job_id)
if not job then return {'not_found'} end
if TERMINAL[job.state] or job.want ~= 'run' then return {'ok', job.state} end
write(job, {want = 'pause'})
if job.holder ~= '' then
  emit(job, 'ordered', {message = 'pause'})
else
  stop_waiting(job)
  settle(job)
  if not TERMINAL[job.state] then emit(job, 'paused') end
end
return {'ok', job.state}
