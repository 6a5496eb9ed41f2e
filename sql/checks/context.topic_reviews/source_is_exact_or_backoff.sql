/*
severity: error
blocking: true
why: A reader has to know whether a review is about the topic itself; the distance says the same in numbers.
*/
select
    example_id,
    rank,
    source,
    distance
from context.topic_reviews
where
    source not in ('exact', 'backoff')
    or (source = 'exact') != (distance = 0)
    or distance < 0
