/*
severity: warn
blocking: false
why: A request waits for the next night, or for pat generate that asks for it.
*/
select
    requests.request_id,
    requests.source_file,
    requests.source_row
from staging.requests
anti join request.answers using (request_id)
