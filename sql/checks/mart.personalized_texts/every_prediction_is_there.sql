/*
severity: error
blocking: true
why: The texts that were scored are the texts an analyst reads.
*/
select
    predictions.iteration,
    predictions.arm,
    predictions.example_id
from evaluation.predictions
anti join mart.personalized_texts using (iteration, arm, example_id)
