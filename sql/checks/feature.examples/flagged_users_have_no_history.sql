/*
severity: error
blocking: true
why: Reviews under a shared name are not the user's own.
*/
select
    examples.example_id,
    examples.history_size,
    examples.history_bucket,
    examples.user_is_flagged
from feature.examples
inner join feature.user_audit using (user_id)
where
    examples.user_is_flagged != user_audit.is_flagged
    or (user_audit.is_flagged and (examples.history_size != 0 or examples.history_bucket != '0'))
