-- Take a pause back. A job that nobody holds waits again, and needs a ticket.

local job = load(args.job_id)
if not job then return {'not_found'} end
if TERMINAL[job.state] or job.want ~= 'pause' then return {'none'} end
write(job, {want = 'run', pause_reason = ''})
if job.holder ~= '' then
  emit(job, 'ordered', {message = 'resume'})
  return {'none'}
end
settle(job)
if TERMINAL[job.state] then return {'none'} end
emit(job, 'resumed')
return ticket_now(job)
