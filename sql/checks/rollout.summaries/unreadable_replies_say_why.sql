/*
severity: error
blocking: false
why: A bad reply is a null with a reason, never a lost row.
*/
select
    example_id,
    agent,
    candidate,
    raw_text,
    parse_error
from rollout.summaries
where
    iteration = getvariable('iteration')
    and (text is null) != (parse_error is not null)
