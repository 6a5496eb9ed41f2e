/*
severity: error
blocking: true
why: A comparison without a row over all history sizes would let a reader pick the bucket that suits.
*/
select
    dataset,
    task,
    split,
    flagged_users,
    arm,
    metric
from mart.leaderboard
where iteration = getvariable('iteration')
group by dataset, task, split, flagged_users, arm, metric
having not bool_or(history_bucket = 'all')
