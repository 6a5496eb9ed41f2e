/*
severity: error
blocking: true
why: A row must lead back to a review, its author and the example; arms are judged on test examples alone.
*/
select
    variant_reviews.variant,
    variant_reviews.example_id,
    variant_reviews.review_id
from context.variant_reviews
left join staging.reviews
    on
        variant_reviews.review_id = reviews.review_id
        and variant_reviews.donor_id = reviews.user_id
left join feature.examples
    on
        variant_reviews.example_id = examples.example_id
        and examples.split = 'test'
        and examples.is_selected
where
    reviews.review_id is null
    or examples.example_id is null
