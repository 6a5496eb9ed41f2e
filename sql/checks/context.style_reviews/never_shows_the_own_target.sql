/*
severity: error
blocking: true
why: The answer must not be in the question.
*/
select
    style_reviews.example_id,
    style_reviews.review_id
from context.style_reviews
inner join feature.examples using (example_id)
where style_reviews.review_id = examples.target_review_id
