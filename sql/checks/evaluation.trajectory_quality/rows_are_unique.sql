/*
severity: error
blocking: false
why: The grain of the table.
*/
select
    dataset,
    task,
    trajectory,
    history_bucket,
    measure,
    count(*) as n_rows
from evaluation.trajectory_quality
group by dataset, task, trajectory, history_bucket, measure
having count(*) > 1
