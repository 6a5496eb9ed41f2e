/*
severity: error
blocking: true
why: Train examples would flatter the candidate, test examples would leak into the decision.
*/
select
    trials.agent,
    trials.example_id,
    examples.split
from policy.trials
left join feature.examples using (example_id)
where
    trials.iteration = getvariable('iteration')
    and examples.split is distinct from 'validation'
