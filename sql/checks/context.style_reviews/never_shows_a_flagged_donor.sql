/*
severity: error
blocking: true
why: How "A verified traveler" writes is how nobody writes.
*/
select
    style_reviews.example_id,
    style_reviews.donor_id,
    user_audit.evidence
from context.style_reviews
inner join feature.user_audit on style_reviews.donor_id = user_audit.user_id
where user_audit.is_flagged
