-- Order a job to pause: at once when nobody holds it, else its holder gives it back at the next step.

local job = load(args.job_id)
if not job then return {'not_found'} end
if TERMINAL[job.state] or job.want == 'pause' or job.want == 'abort' then return {'ok', job.state} end
if job.decided ~= '' then
  emit(job, 'note', {message = 'the pause came too late: the result is decided'})
  return {'ok', job.state}
end
write(job, {want = 'pause', pause_reason = args.reason})
if job.holder ~= '' then
  emit(job, 'ordered', {message = args.reason == '' and 'pause' or 'pause: ' .. args.reason})
else
  stop_waiting(job)
  settle(job)
  if not TERMINAL[job.state] then emit(job, 'paused', {message = args.reason}) end
end
return {'ok', job.state}
