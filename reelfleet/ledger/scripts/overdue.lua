-- Jobs whose ticket is so old that it may be lost. A paused queue has none: its tickets are due when the pause ends.

local due = {}
if paused_scope(args.queue, '') then return {'ok', due} end
local waiting = key('waiting', args.queue)
for _, job_id in ipairs(redis.call('ZRANGEBYSCORE', waiting, '-inf', now - args.older_than_ms, 'LIMIT', 0, args.limit)) do
  local job = load(job_id)
  if job then due[#due + 1] = ticket_due(job) else stop_waiting({id = job_id, queue = args.queue}) end
end
return {'ok', due}
