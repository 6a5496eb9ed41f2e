/*
severity: error
blocking: true
why: The last call behind an answer is the generator's, and its reply is the answer.
*/
with
drafts as (
    select request_id, count(*) as n_drafts, any_value(text) as draft
    from request.calls
    where role = 'generator'
    group by request_id
)

select
    request_id,
    drafts.n_drafts,
    answers.text,
    drafts.draft
from request.answers
full join drafts using (request_id)
where
    answers.request_id is null
    or drafts.n_drafts is distinct from 1
    or drafts.draft is distinct from answers.text
