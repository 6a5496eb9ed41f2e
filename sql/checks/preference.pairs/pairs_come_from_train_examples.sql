/*
severity: error
blocking: true
why: A pair from a held-out user would train on the test.
*/
select
    pairs.agent,
    pairs.example_id,
    examples.split
from preference.pairs
left join feature.examples using (example_id)
where
    pairs.iteration = getvariable('iteration')
    and examples.split is distinct from 'train'
