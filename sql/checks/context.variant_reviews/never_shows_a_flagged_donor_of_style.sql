/*
severity: error
blocking: true
why: How "A verified traveler" writes is how nobody writes, whoever chose them.
*/
select
    variant_reviews.variant,
    variant_reviews.example_id,
    variant_reviews.donor_id,
    user_audit.evidence
from context.variant_reviews
inner join feature.user_audit on variant_reviews.donor_id = user_audit.user_id
where
    variant_reviews.agent = 'style'
    and user_audit.is_flagged
