/*
severity: error
blocking: true
why: One row per user, in one dataset and one split.
*/
select
    user_id,
    count(*) as n_rows
from staging.users
group by user_id
having count(*) > 1
