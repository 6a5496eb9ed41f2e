/*
severity: error
blocking: true
why: One question per target review and task.
*/
select
    example_id,
    count(*) as n_rows
from feature.examples
group by example_id
having count(*) > 1
