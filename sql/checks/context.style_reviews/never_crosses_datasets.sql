/*
severity: error
blocking: true
why: Datasets share a warehouse, not evidence.
*/
select
    style_reviews.example_id,
    style_reviews.review_id
from context.style_reviews
inner join feature.examples using (example_id)
inner join staging.reviews using (review_id)
where reviews.dataset != examples.dataset
