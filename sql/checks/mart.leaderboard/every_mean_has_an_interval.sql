/*
severity: error
blocking: true
why: Every claim has an interval and a test, no number is NaN, and a cell without numbers says why.
*/
select
    dataset,
    task,
    split,
    history_bucket,
    flagged_users,
    arm,
    metric,
    n,
    mean,
    ci_low,
    ci_high,
    note
from mart.leaderboard
where
    iteration = getvariable('iteration')
    and (
        (n = 0) != (mean is null)
        or (n < 2) != (ci_low is null or ci_high is null)
        or (n < 2 and note is null)
        or isnan(mean) or isnan(ci_low) or isnan(ci_high)
        or mean not between ci_low - 1e-9 and ci_high + 1e-9
        or (coalesce(n_paired, 0) = 0) != (diff_vs_reference is null or p_value is null or p_holm is null)
        or (coalesce(n_paired, 0) < 2) != (diff_ci_low is null or diff_ci_high is null)
        or isnan(diff_vs_reference) or isnan(diff_ci_low) or isnan(diff_ci_high)
        or p_value not between 0 and 1
        or p_holm not between p_value - 1e-9 and 1
        or (reference_arm is not null and coalesce(n_paired, 0) = 0 and note is null)
    )
