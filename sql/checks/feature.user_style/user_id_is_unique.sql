/*
severity: error
blocking: true
why: One style vector per donor.
*/
select
    user_id,
    count(*) as n_rows
from feature.user_style
group by user_id
having count(*) > 1
