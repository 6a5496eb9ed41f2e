/*
severity: error
blocking: true
why: Every claim has an interval.
*/
select
    dataset,
    split,
    history_bucket,
    arm,
    metric,
    mean,
    ci_low,
    ci_high
from mart.leaderboard
where
    iteration = getvariable('iteration')
    and (
        ci_low is null
        or ci_high is null
        or mean not between ci_low - 1e-9 and ci_high + 1e-9
        or (diff_vs_reference is not null and (diff_ci_low is null or diff_ci_high is null))
    )
