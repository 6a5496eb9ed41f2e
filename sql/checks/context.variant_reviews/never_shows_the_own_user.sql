/*
severity: error
blocking: true
why: A variant changes who is shown, never that they are others; the own target would be next to their reviews.
*/
select
    variant_reviews.variant,
    variant_reviews.example_id,
    variant_reviews.review_id
from context.variant_reviews
inner join feature.examples using (example_id)
inner join staging.reviews using (review_id)
where
    reviews.user_id = examples.user_id
    or variant_reviews.donor_id = examples.user_id
