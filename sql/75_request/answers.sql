/*
grain: one row per answered request
why: The text that was asked for, by the policies in use at that time. A request is answered once; later policies leave its answer alone.
kind: table
columns:
  request_id: request that is answered
  iteration: newest turn of the loop when it was answered; its policies wrote
  dataset: dataset of the request
  task: long, a text from its title; short, a title from its text; rating, 1 to 5 from both
  user_id: for whom the text was written
  topic_id: what it is about
  input: what the user gave
  requested_at: when it was asked, UTC; null where nobody says
  history_size: visible reviews of the user when it was answered; 0 is the cold start, and what flagged users have
  history_bucket: history_size as 0, 1, 2-3, 4-7 or 8+
  user_is_flagged: whether the audit says that the user is not one person
  text: the answer
  style_summary: style summary that the generator was shown, null for nothing
  topic_summary: topic summary that the generator was shown, null for nothing
  style_policy_id: policy of the style agent, base for the model as shipped; null where the agent is switched off
  topic_policy_id: policy of the topic agent, base for the model as shipped; null where the agent is switched off
  prompt_tokens: tokens read for this answer, by the agents and the generator together
  completion_tokens: tokens written for this answer, by the agents and the generator together
  recipe_sha256: recipe that was in force, see ops.recipes; null where it was not recorded
*/
create table request.answers (
    request_id varchar not null,
    iteration varchar not null,
    dataset varchar not null,
    task varchar not null,
    user_id varchar not null,
    topic_id varchar not null,
    input varchar not null,
    requested_at timestamp,
    history_size bigint not null,
    history_bucket varchar not null,
    user_is_flagged boolean not null,
    text varchar not null,
    style_summary varchar,
    topic_summary varchar,
    style_policy_id varchar,
    topic_policy_id varchar,
    prompt_tokens integer not null,
    completion_tokens integer not null,
    recipe_sha256 varchar
);
