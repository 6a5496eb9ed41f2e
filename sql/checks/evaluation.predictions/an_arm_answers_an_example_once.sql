/*
severity: error
blocking: true
why: Two answers of one arm to one example would count it twice.
*/
select
    arm,
    example_id,
    count(*) as n_texts
from evaluation.predictions
where iteration = getvariable('iteration')
group by arm, example_id
having count(*) > 1
