/*
severity: error
blocking: true
why: An answer repeats its question, so that it can be read alone; the two must be the same.
*/
select
    request_id,
    answers.input,
    requests.input as requested_input
from request.answers
left join staging.requests using (request_id)
where
    requests.request_id is null
    or (answers.dataset, answers.user_id, answers.topic_id, answers.task, answers.input)
    != (requests.dataset, requests.user_id, requests.topic_id, requests.task, requests.input)
