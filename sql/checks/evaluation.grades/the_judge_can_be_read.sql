/*
severity: warn
blocking: false
why: A judge of whose replies half cannot be read grades whatever is easy to grade.
*/
select
    iteration,
    arm,
    count(*) as n_replies,
    count(*) filter (where grade is null) as n_unreadable
from evaluation.grades
where iteration = getvariable('iteration')
group by iteration, arm
having count(*) filter (where grade is null) * 2 > count(*)
