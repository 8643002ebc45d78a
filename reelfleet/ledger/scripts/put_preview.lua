-- Publish a preview image (ARGV[2]); only the latest is kept.

local job = load(args.job_id)
if not holds(job) then return {'lease_lost'} end
redis.call('HSET', key('preview', job.id), 'image', ARGV[2], 'media_type', args.media_type)
redis.call('PEXPIRE', key('preview', job.id), KEEP.preview_ms)
emit(job, 'preview', {message = args.media_type})
return {'ok'}
