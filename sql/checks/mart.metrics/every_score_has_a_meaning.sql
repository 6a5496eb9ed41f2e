/*
severity: error
blocking: false
why: A number on the leaderboard that nothing explains cannot be trusted.
*/
select distinct
    scores.metric,
    'is scored, but has no row' as fault
from evaluation.scores
left join mart.metrics using (metric)
where metrics.metric is null
union all
select
    metrics.metric,
    'is said to be absent, but is scored' as fault
from mart.metrics
where
    metrics.absent_reason is not null
    and metrics.metric in (select scores.metric from evaluation.scores)
