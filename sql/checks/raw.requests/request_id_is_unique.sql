/*
severity: error
blocking: true
why: Who asks the same again asks nothing new.
*/
select
    request_id,
    count(*) as n_rows
from raw.requests
group by request_id
having count(*) > 1
