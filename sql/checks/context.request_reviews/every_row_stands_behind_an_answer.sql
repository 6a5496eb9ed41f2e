/*
severity: error
blocking: true
why: Evidence is kept with the answer it led to, together or not at all.
*/
select
    request_id,
    agent,
    review_id
from context.request_reviews
anti join request.answers using (request_id)
