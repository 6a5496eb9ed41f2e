/*
grain: one row per iteration, train example, agent and candidate
why: "How much better the draft is for having this summary: its quality minus that of the same draft without."
partition: iteration
columns:
  iteration: turn of the loop
  example_id: train example written for
  agent: agent whose summary is judged
  candidate: 0 for the greedy summary, 1 to K for the sampled ones
  quality: quality of the draft with this summary and the other agent's greedy one, 0 to 1
  baseline_quality: quality of the draft with the other agent's greedy summary alone, 0 to 1
  differential_reward: quality minus baseline_quality; 0 for a summary that could not be read
*/
with
summaries as (
    select * from rollout.summaries
    where iteration = getvariable('iteration')
),

draft_scores as (
    select * from rollout.draft_scores
    where iteration = getvariable('iteration')
),

train_examples as (
    select example_id from feature.examples
    where split = 'train'
),

-- drafts are written from the last round of reasoning
final_summaries as (
    select summaries.*
    from summaries
    inner join train_examples using (example_id)
    qualify summaries.round = max(summaries.round) over (partition by example_id, agent)
),

scores_by_agent as (
    select example_id, 'style' as agent, style_candidate as candidate, quality
    from draft_scores
    where topic_candidate = 0
    union all
    select example_id, 'topic' as agent, topic_candidate as candidate, quality
    from draft_scores
    where style_candidate = 0
),

baselines as (
    select example_id, agent, quality as baseline_quality
    from scores_by_agent
    where candidate = -1
),

qualities as (
    select
        final_summaries.iteration,
        final_summaries.example_id,
        final_summaries.agent,
        final_summaries.candidate,
        -- a summary that could not be read shows the generator nothing
        case
            when final_summaries.text is null then baselines.baseline_quality
            else scores_by_agent.quality
        end as quality,
        baselines.baseline_quality
    from final_summaries
    left join scores_by_agent using (example_id, agent, candidate)
    left join baselines using (example_id, agent)
)

select
    iteration,
    example_id,
    agent,
    candidate,
    quality,
    baseline_quality,
    quality - baseline_quality as differential_reward
from qualities
