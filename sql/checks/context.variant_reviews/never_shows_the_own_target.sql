/*
severity: error
blocking: true
why: A falsification that sees the answer would look better than the method.
*/
select
    variant_reviews.variant,
    variant_reviews.example_id,
    variant_reviews.review_id
from context.variant_reviews
inner join feature.examples using (example_id)
where variant_reviews.review_id = examples.target_review_id
