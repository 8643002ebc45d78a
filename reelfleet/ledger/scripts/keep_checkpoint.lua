-- The newest complete checkpoint, or none when `checkpoint` is left out: what it named is of no use.

local job = load(args.job_id)
if not holds(job) then return {'lease_lost'} end
write(job, {checkpoint = args.checkpoint or ''})
return {'ok'}
