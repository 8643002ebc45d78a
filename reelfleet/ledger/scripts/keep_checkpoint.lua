-- The newest complete checkpoint, or none when `checkpoint` is left out: what it named is of no use. One that was on its way to the store
-- when its holder handed the job on counts as well, until the next stage has ended.

local job = load(args.job_id)
local handed_on = job and not TERMINAL[job.state] and is_replay(job, 'hand_on')
if not holds(job) and not handed_on then return {'lease_lost'} end
write(job, {checkpoint = args.checkpoint or '', checkpointing = args.checkpoint and '1' or job.checkpointing})
return {'ok'}
