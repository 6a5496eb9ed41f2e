/*
severity: error
blocking: true
why: One verdict per claim.
*/
select
    dataset,
    task,
    claim,
    count(*) as n_rows
from mart.verdicts
where iteration = getvariable('iteration')
group by dataset, task, claim
having count(*) > 1
