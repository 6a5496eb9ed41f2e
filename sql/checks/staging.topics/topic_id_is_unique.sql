/*
severity: error
blocking: true
why: One row per topic, in one dataset.
*/
select
    topic_id,
    count(*) as n_rows
from staging.topics
group by topic_id
having count(*) > 1
