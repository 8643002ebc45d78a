-- The holder stops at a step and the job goes on later, here or elsewhere, from its checkpoint: no attempt is counted.

local job = load(args.job_id)
local function answer()
  return {job.state, ticket_now(job)}
end

if is_replay(job, 'give_back') then return answer() end
if not holds(job) then return {'lease_lost'} end
if job.want == 'yield' then write(job, {preemptions = job.preemptions + 1}) end
release(job, 'give_back')
write(job, {given_back = '1'})
settle(job)
if job.state == 'paused' then
  emit(job, 'paused', {message = job.pause_reason})
elseif job.state == 'queued' then
  emit(job, 'yielded', {message = args.note})
end
return answer()
