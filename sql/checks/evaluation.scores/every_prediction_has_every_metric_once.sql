/*
severity: error
blocking: true
why: A missing score would shift a mean in silence.
*/
with
scores as (
    select * from evaluation.scores
    where iteration = getvariable('iteration')
),

metrics as (
    select distinct metric from scores
)

select
    predictions.arm,
    predictions.example_id,
    metrics.metric,
    count(scores.value) as n_scores
from evaluation.predictions
cross join metrics
left join scores using (iteration, arm, example_id, metric)
where predictions.iteration = getvariable('iteration')
group by predictions.arm, predictions.example_id, metrics.metric
having count(scores.value) != 1
