-- The result is in the store: the job has succeeded.

local job = load(args.job_id)
if is_replay(job, 'succeed') then return {'ok'} end
if not holds(job) then return {'lease_lost'} end
release(job, 'succeed')
went_well(args.worker)
write(job, {manifest_uri = args.manifest_uri, artifacts = args.artifacts})
finish(job, 'succeeded')
return {'ok'}
