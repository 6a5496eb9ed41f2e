/*
grain: one row per iteration, example, agent, round and candidate
why: What each agent wrote about its evidence; candidate 0 is greedy, the others are sampled for rewards.
kind: table
partition: iteration
columns:
  iteration: turn of the loop
  example_id: example summarized for
  agent: style or topic
  round: reasoning round, 1 first
  candidate: 0 for the greedy summary, 1 to K for the sampled ones of the last round
  policy_id: policy that wrote it
  prompt: what the agent was asked, before the chat template; null where retrieval found nothing
  text: the summary as read from the reply; null where the reply could not be read
  raw_text: the reply as generated
  parse_error: why the reply could not be read, else null
  prompt_tokens: tokens of the prompt
  completion_tokens: tokens of the reply
  finish_reason: stop or length
*/
create table rollout.summaries (
    iteration varchar not null,
    example_id varchar not null,
    agent varchar not null,
    round integer not null,
    candidate integer not null,
    policy_id varchar not null,
    prompt varchar,
    text varchar,
    raw_text varchar not null,
    parse_error varchar,
    prompt_tokens integer not null,
    completion_tokens integer not null,
    finish_reason varchar not null
);
