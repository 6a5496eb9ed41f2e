/*
severity: error
blocking: true
why: One number per comparison.
*/
select
    dataset,
    task,
    split,
    history_bucket,
    flagged_users,
    arm,
    metric,
    count(*) as n_rows
from mart.leaderboard
where iteration = getvariable('iteration')
group by dataset, task, split, history_bucket, flagged_users, arm, metric
having count(*) > 1
