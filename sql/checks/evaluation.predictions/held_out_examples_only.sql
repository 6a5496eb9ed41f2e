/*
severity: error
blocking: true
why: A score on a train example says nothing.
*/
select distinct
    predictions.example_id,
    examples.split
from evaluation.predictions
left join feature.examples using (example_id)
where
    predictions.iteration = getvariable('iteration')
    and (examples.split is null or examples.split = 'train' or not examples.is_selected)
