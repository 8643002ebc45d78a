-- The holder reports an error: another attempt follows if that can help and one is left, else the job has failed.

local job = load(args.job_id)
if is_replay(job, 'fail') then return {'ok', job.state} end
if not holds(job) then return {'lease_lost'} end
release(job, 'fail')
write(job, {last_error = args.error})
if args.blames_device and args.counts then fault(job, args.worker, args.code) end

if job.want == 'abort' then
  finish_aborted(job)
elseif args.retryable and (not args.counts or job.attempt < job.max_attempts) then
  write(job, {counts = args.counts and '1' or '0', given_back = '1'})
  if args.needs_memory then write(job, {needs_memory = args.needs_memory}) end
  if args.retry_stage and args.retry_stage ~= job.stage then write(job, {stage = args.retry_stage, host = '', spool = ''}) end
  if args.retry_queue then write(job, {queue = args.retry_queue}) end
  settle(job, args.backoff_ms)
  if not TERMINAL[job.state] then emit(job, 'retrying', {error = args.error}) end
else
  finish(job, 'failed', args.code, args.error)
end
return {'ok', job.state}
