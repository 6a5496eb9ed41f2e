/*
severity: error
blocking: true
why: Older versions are left out, reviews never.
*/
select distinct raw_reviews.review_id
from raw.reviews as raw_reviews
anti join staging.reviews using (review_id)
