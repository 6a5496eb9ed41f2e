/*
severity: error
blocking: true
why: An unreadable reply is counted, never guessed.
*/
select
    iteration,
    arm,
    example_id,
    grade,
    reply
from evaluation.grades
where
    iteration = getvariable('iteration')
    and (
        grade not between 1 and 7
        or (grade is null) != (error is not null)
    )
