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
  n_words: words of the draft with this summary
  target_words: words of the target
  copied_run: most words in a row that this draft shares with a review shown to an agent of the example
  repeated_share: share of this draft's three-word runs that it had used before, 0 to 1
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

-- beside an agent's summary stands the other's greedy one: 0, or -1 where the other is off and writes none
beside as (
    select
        least(max(style_candidate), 0) as style_candidate,
        least(max(topic_candidate), 0) as topic_candidate
    from draft_scores
),

scores_by_agent as (
    select
        'style' as agent,
        draft_scores.style_candidate as candidate,
        draft_scores.*
    from draft_scores
    inner join beside using (topic_candidate)
    union all
    select
        'topic' as agent,
        draft_scores.topic_candidate as candidate,
        draft_scores.*
    from draft_scores
    inner join beside using (style_candidate)
),

baselines as (
    select * from scores_by_agent
    where candidate = -1
),

-- a summary that could not be read shows the generator nothing: its draft is the baseline
judged_summaries as (
    select
        *,
        if(text is null, -1, candidate) as shown_candidate
    from final_summaries
)

select
    judged_summaries.iteration,
    judged_summaries.example_id,
    judged_summaries.agent,
    judged_summaries.candidate,
    shown.quality,
    baselines.quality as baseline_quality,
    shown.quality - baselines.quality as differential_reward,
    shown.n_words,
    shown.target_words,
    shown.copied_run,
    shown.repeated_share
from judged_summaries
left join scores_by_agent as shown
    on
        judged_summaries.example_id = shown.example_id
        and judged_summaries.agent = shown.agent
        and judged_summaries.shown_candidate = shown.candidate
left join baselines
    on
        judged_summaries.example_id = baselines.example_id
        and judged_summaries.agent = baselines.agent
