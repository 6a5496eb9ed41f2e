/*
severity: error
blocking: true
why: Evidence without a text, or without a review, explains nothing.
*/
select
    evidence.arm,
    evidence.example_id,
    evidence.review_id
from evaluation.evidence
left join evaluation.predictions using (iteration, arm, example_id)
left join staging.reviews using (review_id)
where
    evidence.iteration = getvariable('iteration')
    and (predictions.text is null or reviews.text is null)
