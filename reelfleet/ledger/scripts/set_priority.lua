-- Change a job's priority. A waiting job needs a new ticket, because a ticket lies in the list of its priority.

local job = load(args.job_id)
if not job then return {'not_found'} end
if TERMINAL[job.state] or job.priority == args.priority then return {'none'} end
write(job, {priority = args.priority})
emit(job, 'ordered', {message = 'priority ' .. args.priority})
if not redis.call('ZSCORE', key('waiting', job.queue), job.id) then return {'none'} end
redis.call('ZADD', key('waiting', job.queue), 0, job.id)
rank(job)
return ticket_now(job)
