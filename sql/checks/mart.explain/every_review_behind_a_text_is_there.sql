/*
severity: error
blocking: true
why: A review that shaped a text and is not named hides whose words these are.
*/
select
    evidence.iteration,
    evidence.arm,
    evidence.example_id,
    evidence.role,
    evidence.review_id
from evaluation.evidence
anti join mart.explain using (iteration, arm, example_id, role, review_id)
