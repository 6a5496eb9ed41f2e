/*
grain: one row per request, agent and round
why: What each agent was asked on the way to an answer and what it wrote, so that the answer can be explained.
kind: table
columns:
  request_id: request summarized for
  iteration: turn of the loop whose policies wrote
  agent: style or topic
  round: reasoning round, 1 first
  policy_id: policy that wrote it
  prompt: what the agent was asked, before the chat template; null where retrieval found nothing
  text: the summary as read from the reply; null where there was nothing to summarize or it could not be read
  raw_text: the reply as generated
  parse_error: why there is no summary, else null
  prompt_tokens: tokens of the prompt
  completion_tokens: tokens of the reply
  finish_reason: stop or length
*/
create table request.summaries (
    request_id varchar not null,
    iteration varchar not null,
    agent varchar not null,
    round integer not null,
    policy_id varchar not null,
    prompt varchar,
    text varchar,
    raw_text varchar not null,
    parse_error varchar,
    prompt_tokens integer not null,
    completion_tokens integer not null,
    finish_reason varchar not null
);
