/*
severity: error
blocking: true
why: One reply per iteration, example, agent, round and candidate.
*/
select
    example_id,
    agent,
    round,
    candidate,
    count(*) as n_rows
from rollout.summaries
where iteration = getvariable('iteration')
group by example_id, agent, round, candidate
having count(*) > 1
