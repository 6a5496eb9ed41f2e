/*
severity: error
blocking: true
why: Exact rows are about the example's topic, backoff rows never are.
*/
select
    topic_reviews.example_id,
    topic_reviews.rank,
    topic_reviews.source,
    examples.topic_id as example_topic_id,
    reviews.topic_id as review_topic_id
from context.topic_reviews
inner join feature.examples using (example_id)
inner join staging.reviews using (review_id)
where (topic_reviews.source = 'exact') != (reviews.topic_id = examples.topic_id)
