/*
severity: error
blocking: true
why: A text that several users share can be somebody's target word for word.
*/
select
    variant_reviews.variant,
    variant_reviews.example_id,
    variant_reviews.review_id
from context.variant_reviews
inner join staging.reviews using (review_id)
where reviews.is_shared_text
