/*
severity: error
blocking: true
why: Whoever is not believed must be able to read why.
*/
select
    user_id,
    is_flagged,
    evidence
from feature.user_audit
where
    (has_shared_name or has_impossible_activity or has_copied_texts or has_duplicate_target)
    != (evidence is not null and evidence != '')
