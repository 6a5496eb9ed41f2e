/*
severity: error
blocking: true
why: A missing score would shift a mean in silence. Metrics that some examples cannot have are named here.
*/
with
scores as (
    select * from evaluation.scores
    where iteration = getvariable('iteration')
),

examples as (
    select example_id, task from feature.examples
),

metrics as (
    select distinct examples.task, scores.metric
    from scores
    inner join examples using (example_id)
    where scores.metric not in ('specificity', 'style_likeness', 'contradicting_pairs', 'judge')
)

select
    predictions.arm,
    predictions.example_id,
    examples.task,
    metrics.metric,
    count(scores.value) as n_scores
from evaluation.predictions
left join examples using (example_id)
left join metrics using (task)
left join scores using (iteration, arm, example_id, metric)
where predictions.iteration = getvariable('iteration')
group by predictions.arm, predictions.example_id, examples.task, metrics.metric
having count(scores.value) != 1
