/*
severity: error
blocking: true
why: Datasets share a warehouse, not evidence.
*/
select
    variant_reviews.variant,
    variant_reviews.example_id,
    variant_reviews.review_id
from context.variant_reviews
inner join feature.examples using (example_id)
inner join staging.reviews using (review_id)
where reviews.dataset != examples.dataset
