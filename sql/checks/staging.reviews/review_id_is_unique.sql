/*
severity: error
blocking: true
why: Everything joins on review_id; a second row would double texts and counts.
*/
select
    review_id,
    count(*) as n_rows
from staging.reviews
group by review_id
having count(*) > 1
