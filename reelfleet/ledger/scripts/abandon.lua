-- The worker's parent process knows that its child is gone: no need to wait until the lease runs out. Without `counts` the job is given
-- back instead: its process was stopped for reasons that are not the job's.

local job = load(args.job_id)
if not job then return {'not_found'} end
if TERMINAL[job.state] or job.holder ~= args.worker then return {'none'} end
if args.diagnosis then
  write(job, {diagnosis = '{"diagnosed_attempt":' .. job.attempt .. ',' .. args.diagnosis:sub(2)})
end
if args.counts then
  local stopped = job.want == 'abort' or out_of_time(job)
  if not stopped then fault(job, args.worker, 'died') end
  vanish(job, args.how)
else
  release(job, 'abandon')
  write(job, {fence = next_fence(job), given_back = '1'})
  settle(job)
  if job.state == 'queued' then emit(job, 'yielded', {message = args.worker .. ' had to stop it'}) end
end
return ticket_now(job)
