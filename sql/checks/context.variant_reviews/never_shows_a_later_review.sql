/*
severity: error
blocking: true
why: Where reviews carry times, only earlier ones were there to be read.
*/
select
    variant_reviews.variant,
    variant_reviews.example_id,
    variant_reviews.review_id,
    examples.posted_at as example_posted_at,
    reviews.posted_at as review_posted_at
from context.variant_reviews
inner join feature.examples using (example_id)
inner join staging.reviews using (review_id)
where reviews.posted_at >= examples.posted_at
