/*
severity: error
blocking: true
why: A request that stands here twice would be answered twice.
*/
select
    request_id,
    count(*) as n_rows
from staging.requests
group by request_id
having count(*) > 1
