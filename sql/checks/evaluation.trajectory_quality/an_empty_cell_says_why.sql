/*
severity: error
blocking: false
why: A missing number is a finding too, and needs its reason; a number that is not one is a defect.
*/
select
    dataset,
    task,
    trajectory,
    history_bucket,
    measure,
    reason
from evaluation.trajectory_quality
where
    (reason is null) = (value is null or random_same_topic is null or random_any_topic is null)
    or isnan(value)
    or isnan(ci_low)
    or isnan(diff_same_topic)
    or isnan(diff_any_topic)
