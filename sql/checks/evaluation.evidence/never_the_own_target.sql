/*
severity: error
blocking: true
why: A text whose evidence holds its own target proves nothing; not even a ceiling quotes it.
*/
select
    evidence.arm,
    evidence.example_id,
    evidence.review_id
from evaluation.evidence
inner join feature.examples using (example_id)
where
    evidence.iteration = getvariable('iteration')
    and evidence.review_id = examples.target_review_id
