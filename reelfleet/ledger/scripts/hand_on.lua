-- A stage is done: the lease ends and the job waits for the ticket of the next stage, within the same attempt.

local job = load(args.job_id)
if is_replay(job, 'hand_on') then return {'ok', job.state} end
if not holds(job) then return {'lease_lost'} end
release(job, 'hand_on')
went_well(args.worker)
-- Another model runs there, and what was too small for this one may do for it.
if ON_DEVICE[job.stage] and ON_DEVICE[args.stage] then write(job, {needs_memory = 0}) end
write(job, {stage = args.stage, queue = args.queue, host = args.host or '', spool = args.spool or ''})
if args.report then write(job, {report = args.report}) end
for name, seconds in pairs(args.timings or {}) do write(job, {['timing.' .. name] = seconds}) end
emit(job, 'handed_on')
settle(job)
return {'ok', job.state}
