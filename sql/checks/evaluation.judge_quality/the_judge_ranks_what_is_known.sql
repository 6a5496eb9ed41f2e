/*
severity: warn
blocking: false
why: Grades of a judge that cannot tell the author's own text from another's are no evidence.
*/
select
    iteration,
    dataset,
    task,
    better,
    worse,
    reason
from evaluation.judge_quality
where
    iteration = getvariable('iteration')
    and not holds
