/*
severity: error
blocking: true
why: Ids are namespaced by dataset; a user of two would carry evidence across.
*/
select
    user_id,
    count(distinct dataset) as n_datasets
from staging.reviews
group by user_id
having count(distinct dataset) > 1
