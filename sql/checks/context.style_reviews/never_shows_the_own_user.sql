/*
severity: error
blocking: true
why: Donors are other people; the own target would be next to their reviews.
*/
select
    style_reviews.example_id,
    style_reviews.review_id,
    reviews.user_id
from context.style_reviews
inner join feature.examples using (example_id)
inner join staging.reviews using (review_id)
where
    reviews.user_id = examples.user_id
    or style_reviews.donor_id = examples.user_id
