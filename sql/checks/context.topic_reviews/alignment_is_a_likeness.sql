/*
severity: error
blocking: true
why: A likeness lies from -1 to 1, and nobody is marked as aligned whose preferences are unknown.
*/
select
    example_id,
    rank,
    alignment,
    is_aligned
from context.topic_reviews
where
    alignment not between -1 and 1
    or isnan(alignment)
    or (is_aligned and coalesce(alignment <= 0, true))
