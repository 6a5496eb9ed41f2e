/*
severity: error
blocking: true
why: The tokens of a text are those of its calls; another sum means that a call behind the text is not kept.
*/
with
summed as (
    select
        iteration,
        arm,
        example_id,
        sum(prompt_tokens) as prompt_tokens,
        sum(completion_tokens) as completion_tokens
    from evaluation.calls
    where iteration = getvariable('iteration')
    group by iteration, arm, example_id
),

-- texts of older versions, which kept no calls, are not among these
written as (
    select predictions.*
    from evaluation.predictions
    semi join ops.text_runs using (iteration, arm, example_id)
    where iteration = getvariable('iteration')
)

select
    written.arm,
    written.example_id,
    written.prompt_tokens,
    summed.prompt_tokens as prompt_tokens_of_calls,
    written.completion_tokens,
    summed.completion_tokens as completion_tokens_of_calls
from written
left join summed using (arm, example_id)
where
    written.prompt_tokens != coalesce(summed.prompt_tokens, 0)
    or written.completion_tokens != coalesce(summed.completion_tokens, 0)
