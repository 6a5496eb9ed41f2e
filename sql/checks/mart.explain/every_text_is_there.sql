/*
severity: error
blocking: true
why: A text without a row cannot be explained, and a request is a text too.
*/
with
texts as (
    select
        iteration,
        arm,
        example_id as text_id
    from evaluation.predictions
    union all
    select
        iteration,
        'pat' as arm,
        request_id as text_id
    from request.answers
),

explained as (
    select
        iteration,
        arm,
        coalesce(example_id, request_id) as text_id
    from mart.explain
)

select
    iteration,
    arm,
    text_id
from texts
anti join explained using (iteration, arm, text_id)
