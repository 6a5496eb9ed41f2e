/*
severity: error
blocking: true
why: The answer must not be in the question.
*/
select
    topic_reviews.example_id,
    topic_reviews.review_id
from context.topic_reviews
inner join feature.examples using (example_id)
where topic_reviews.review_id = examples.target_review_id
