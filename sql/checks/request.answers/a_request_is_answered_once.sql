/*
severity: error
blocking: true
why: An answer stays as it is; a second one would say that it did not.
*/
select
    request_id,
    count(*) as n_answers
from request.answers
group by request_id
having count(*) > 1
