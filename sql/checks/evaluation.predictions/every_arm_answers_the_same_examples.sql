/*
severity: error
blocking: true
why: Paired intervals need every arm on the same held-out examples.
*/
with
examples as (
    select distinct example_id from evaluation.predictions
    where iteration = getvariable('iteration')
),

arms as (
    select distinct arm from evaluation.predictions
    where iteration = getvariable('iteration')
)

select
    arms.arm,
    examples.example_id,
    count(predictions.text) as n_texts
from examples
cross join arms
left join evaluation.predictions
    on
        examples.example_id = predictions.example_id
        and arms.arm = predictions.arm
        and predictions.iteration = getvariable('iteration')
group by arms.arm, examples.example_id
having count(predictions.text) != 1
