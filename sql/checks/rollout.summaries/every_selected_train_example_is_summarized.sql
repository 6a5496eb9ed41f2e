/*
severity: error
blocking: true
why: Rows are never lost between selection and rollout.
*/
select
    examples.example_id,
    count(distinct summaries.agent) as n_agents
from feature.examples
left join rollout.summaries
    on
        examples.example_id = summaries.example_id
        and summaries.iteration = getvariable('iteration')
        and summaries.candidate = 0
where examples.split = 'train' and examples.is_selected
group by examples.example_id
having
    count(distinct summaries.agent) != (
        select greatest(count(distinct written.agent), 1)  -- an agent may be switched off
        from rollout.summaries as written
        where written.iteration = getvariable('iteration')
    )
