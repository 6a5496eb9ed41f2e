/*
severity: error
blocking: true
why: What was asked is answered, or it was rejected with a reason.
*/
select raw_requests.request_id
from raw.requests as raw_requests
anti join staging.requests using (request_id)
