-- The host that holds a job's frames is gone: the job goes back to an earlier stage, and the next claim counts, unless the result is decided.

local job = load(args.job_id)
if not job then return {'not_found'} end
if TERMINAL[job.state] or job.holder ~= '' then return {'none'} end
stop_waiting(job)
local host = job.host
write(job, {stage = args.stage, queue = args.queue, host = '', spool = ''})
mark_lost(job)
settle(job)
if TERMINAL[job.state] then return {'none'} end
emit(job, 'retrying', {message = 'the frames on ' .. host .. ' are out of reach; back to ' .. args.stage})
return ticket_now(job)
