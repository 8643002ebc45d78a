-- The holder is about to store a checkpoint: from now on the store may hold some of the job, also if its holder dies before it can say so.

local job = load(args.job_id)
local handed_on = job and not TERMINAL[job.state] and is_replay(job, 'hand_on')
if not holds(job) and not handed_on then return {'lease_lost'} end
write(job, {checkpointing = '1'})
return {'ok'}
