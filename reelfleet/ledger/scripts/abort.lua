-- Order a job to stop: at once when nobody holds it, else its holder learns of it at the next step.

local job = load(args.job_id)
if not job then return {'not_found'} end
if TERMINAL[job.state] or job.want == 'abort' then return {'ok', job.state} end
if job.decided ~= '' then
  emit(job, 'note', {message = 'the abort came too late: the result is decided'})
  return {'ok', job.state}
end
write(job, {want = 'abort', abort_reason = args.reason or '', abort_at = now})
if held(job) then
  emit(job, 'ordered', {message = 'abort'})
else
  finish_aborted(job)
end
return {'ok', job.state}
