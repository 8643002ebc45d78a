-- Something worth knowing that changes no state.

local job = load(args.job_id)
if not holds(job) then return {'lease_lost'} end
local notes = job.notes == '' and {} or cjson.decode(job.notes)
if #notes < KEEP.notes then
  notes[#notes + 1] = args.text
  write(job, {notes = cjson.encode(notes)})
end
emit(job, 'note', {message = args.text})
return {'ok'}
