/*
grain: one row per iteration, stage and writer
why: >
  What an iteration costs in texts and tokens; times are in ops.arm_seconds, they differ between machines.
  An arm of the evaluation bears the tokens of its agents too, also of summaries that the rollout had written.
columns:
  iteration: turn of the loop
  stage: >-
    summaries, by the agents for train examples; drafts, by the generator for train examples; evaluation, the texts
    of the arms for held-out examples
  writer: style or topic for summaries, generator for drafts, the arm for evaluation
  n_calls: texts generated
  prompt_tokens: tokens that the language model read, a prompt counted once for each text generated from it
  completion_tokens: tokens that it wrote
*/
with
calls as (
    select iteration, 'summaries' as stage, agent as writer, prompt_tokens, completion_tokens
    from rollout.summaries
    union all
    select iteration, 'drafts' as stage, 'generator' as writer, prompt_tokens, completion_tokens
    from rollout.drafts
    union all
    select iteration, 'evaluation' as stage, arm as writer, prompt_tokens, completion_tokens
    from evaluation.predictions
    where prompt_tokens > 0  -- arms without a language model cost no tokens
)

select
    iteration,
    stage,
    writer,
    count(*) as n_calls,
    sum(prompt_tokens)::bigint as prompt_tokens,
    sum(completion_tokens)::bigint as completion_tokens
from calls
group by iteration, stage, writer
