-- The holder stands still at a step, or goes on. The clock of the phase stands still with it.

local job = load(args.job_id)
if not holds(job) then return {'lease_lost'} end
if args.held and job.state == 'running' then
  enter(job, 'paused')
  emit(job, 'paused')
elseif not args.held and job.state == 'paused' then
  if job.phase_limit > 0 then write(job, {phase_until = now + job.phase_limit}) end
  enter(job, 'running')
  emit(job, 'resumed')
end
return {'ok'}
