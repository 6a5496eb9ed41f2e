/*
severity: error
blocking: true
why: A missing number is a finding too, and needs its reason; a number that is not one is a defect.
*/
select
    dataset,
    task,
    claim,
    test,
    n,
    note
from mart.verdict_tests
where
    iteration = getvariable('iteration')
    and (
        (n = 0) != (diff is null or p_value is null)
        or (n < 2) != (ci_low is null or ci_high is null)
        or (n < 2 and note is null)
        or isnan(diff) or isnan(ci_low) or isnan(ci_high)
        or p_value not between 0 and 1
    )
