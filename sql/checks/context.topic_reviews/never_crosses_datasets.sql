/*
severity: error
blocking: true
why: Datasets share a warehouse, not evidence.
*/
select
    topic_reviews.example_id,
    topic_reviews.review_id
from context.topic_reviews
inner join feature.examples using (example_id)
inner join staging.reviews using (review_id)
where reviews.dataset != examples.dataset
