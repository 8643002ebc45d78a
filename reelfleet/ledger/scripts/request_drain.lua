-- A worker is to leave the fleet. Who asked first said why; the same order given again, or without a reason, changes nothing.

local drain = key('drain', args.worker)
local known = redis.call('GET', drain)
if known and (args.reason == '' or args.reason == known) then return {'ok'} end
redis.call('SET', drain, args.reason, 'EX', args.kept_s)
tell_fleet('worker', {worker = args.worker, message = args.reason == '' and 'asked to drain' or 'drains: ' .. args.reason})
return {'ok'}
