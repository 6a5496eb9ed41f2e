/*
severity: error
blocking: true
why: Evidence must lead back to its author. A review that was taken back since is not asked about.
*/
select
    request_reviews.request_id,
    request_reviews.agent,
    request_reviews.donor_id,
    reviews.user_id
from context.request_reviews
inner join staging.reviews using (review_id)
where request_reviews.donor_id != reviews.user_id
