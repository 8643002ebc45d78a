-- The step hook's one round trip: extend the lease, report progress, learn what to do next.

local job = load(args.job_id)
if not holds(job) then return {'lease_lost'} end

local function order()
  if job.want == 'abort' then return 'abort' end
  if out_of_time(job) then return 'timeout' end
  if job.decided ~= '' then return 'go' end
  if job.want == 'pause' then return 'pause' end
  if paused_scope(job.queue, job.worker) then return 'yield' end
  -- A delivery is short: it is done before anybody has won by stopping it.
  if job.stage ~= 'deliver' and (job.want == 'yield' or draining(job.worker)) then return 'yield' end
  return 'go'
end

extend(job, args.lease_ms)
if args.phase_limit_ms then write(job, {phase_until = now + args.phase_limit_ms}) end
if args.progress then
  local ends_phase = args.of > 0 and args.step >= args.of
  local telling = args.phase ~= job.phase or ends_phase or now - job.progress_at >= KEEP.progress_every_ms
  telling = telling and args.progress ~= job.progress
  write(job, {phase = args.phase, progress = args.progress})
  if telling then
    write(job, {progress_at = now})
    emit(job, 'progress', {progress = args.progress})
  end
end
return {'ok', order()}
