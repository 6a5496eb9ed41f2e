/*
title: The text, who was asked on the way to it, and the reviews behind it
why: >-
  The first part of what `pat explain` shows, a node of the tree each. A node's key is its parent's and one step
  more, so that sorting by key walks the tree.
variables:
  explained_source: evaluation or request
  explained_iteration: turn of the loop
  explained_arm: way to write the text, pat for requests
  explained_id: example_id or request_id
columns:
  node: key of the node; t is the text
  parent: key of the node above; null for the text
  kind: text, role, call or review
  id: what it is called; of a call its step
  text: what was written, shown or said
  detail: JSON object, what else is known of a node of this kind
*/
with
wanted as (
    select
        getvariable('explained_source')::varchar as source,
        getvariable('explained_iteration')::varchar as iteration,
        getvariable('explained_arm')::varchar as arm,
        getvariable('explained_id')::varchar as text_id
),

predictions as (
    select predictions.*
    from evaluation.predictions
    inner join wanted using (iteration, arm)
    where wanted.source = 'evaluation' and predictions.example_id = wanted.text_id
),

answers as (
    select answers.*
    from request.answers
    inner join wanted using (iteration)
    where wanted.source = 'request' and answers.request_id = wanted.text_id
),

examples as (
    select * from feature.examples
),

scores as (
    select scores.*
    from evaluation.scores
    inner join predictions using (iteration, arm, example_id)
    where scores.metric = 'rouge1'
),

arms as (
    select * from mart.arms
),

texts as (
    select
        predictions.arm,
        examples.dataset,
        examples.task,
        examples.user_id,
        examples.topic_id,
        examples.history_size,
        examples.input,
        predictions.text,
        examples.target,
        scores.value as rouge1,
        predictions.style_summary,
        predictions.topic_summary
    from predictions
    inner join examples using (example_id)
    left join scores using (example_id)
    union all
    select
        'pat' as arm,
        dataset,
        task,
        user_id,
        topic_id,
        history_size,
        input,
        text,
        null::varchar as target,
        null::double as rouge1,
        style_summary,
        topic_summary
    from answers
),

calls as (
    select
        calls.place,
        calls.role,
        calls.step,
        calls.policy_id,
        calls.source_example_id,
        calls.context,
        calls.prompt,
        calls.text,
        calls.parse_error,
        calls.prompt_tokens,
        calls.completion_tokens
    from evaluation.calls
    inner join predictions using (iteration, arm, example_id)
    union all
    select
        calls.place,
        calls.role,
        calls.step,
        calls.policy_id,
        null::varchar as source_example_id,
        null::varchar as context,
        calls.prompt,
        calls.text,
        calls.parse_error,
        calls.prompt_tokens,
        calls.completion_tokens
    from request.calls
    inner join answers using (request_id)
),

reviews as (
    select explain.*
    from mart.explain
    inner join wanted using (source, iteration, arm)
    where coalesce(explain.request_id, explain.example_id) = wanted.text_id and explain.review_id is not null
),

summaries as (
    select
        unnest(['style', 'topic']) as role,
        unnest([style_summary, topic_summary]) as summary
    from texts
),

called as (
    select
        role,
        max(policy_id) as policy_id,
        max(source_example_id) as source_example_id,
        max(context) as context,
        count(*) as n_calls
    from calls
    group by role
),

shown as (
    select
        role,
        max(source_example_id) as source_example_id,
        count(*) as n_reviews
    from reviews
    group by role
),

places (place, role) as (
    values ('1', 'generator'), ('2', 'style'), ('3', 'topic'), ('4', 'quote')
),

roles as (
    select
        't.' || places.place as node,
        places.role,
        summaries.summary,
        called.policy_id,
        coalesce(called.source_example_id, shown.source_example_id) as source_example_id,
        called.context,
        coalesce(called.n_calls, 0) as n_calls,
        coalesce(shown.n_reviews, 0) as n_reviews
    from places
    left join summaries using (role)
    left join called using (role)
    left join shown using (role)
    where summaries.summary is not null or called.role is not null or shown.role is not null
)

select
    't' as node,
    null::varchar as parent,
    'text' as kind,
    wanted.text_id as id,
    texts.text,
    to_json({
        'source': wanted.source,
        'iteration': wanted.iteration,
        'arm': wanted.arm,
        'arm_means': arms.description,
        'dataset': texts.dataset,
        'task': texts.task,
        'user_id': texts.user_id,
        'history_size': texts.history_size,
        'topic_id': texts.topic_id,
        'input': texts.input,
        'target': texts.target,
        'rouge1': texts.rouge1,
        'n_reviews': (select count(*) from reviews)
    })::varchar as detail
from texts
cross join wanted
left join arms on texts.arm = arms.arm
union all
select
    node,
    't' as parent,
    'role' as kind,
    role as id,
    summary as text,
    to_json({
        'policy_id': policy_id,
        'context': context,
        'source_example_id': source_example_id,
        'is_swapped': coalesce(source_example_id != (select text_id from wanted), false),
        'n_calls': n_calls,
        'n_reviews': n_reviews
    })::varchar as detail
from roles
union all
select
    roles.node || '.c' || lpad(calls.place::varchar, 3, '0') as node,
    roles.node as parent,
    'call' as kind,
    calls.step as id,
    calls.text,
    to_json({
        'place': calls.place,
        'policy_id': calls.policy_id,
        'prompt': calls.prompt,
        'parse_error': calls.parse_error,
        'prompt_tokens': calls.prompt_tokens,
        'completion_tokens': calls.completion_tokens
    })::varchar as detail
from calls
inner join roles using (role)
union all
select
    roles.node || '.r' || lpad(reviews.rank::varchar, 4, '0') as node,
    roles.node as parent,
    'review' as kind,
    reviews.review_id as id,
    reviews.review_text as text,
    to_json({
        'rank': reviews.rank,
        'donor_id': reviews.donor_id,
        'topic_id': reviews.review_topic_id,
        'title': reviews.review_title,
        'rating': reviews.review_rating,
        'similarity': reviews.similarity,
        'alignment': reviews.alignment,
        'relevance': reviews.relevance,
        'topic_match': reviews.topic_match,
        'topic_distance': reviews.topic_distance
    })::varchar as detail
from reviews
inner join roles using (role)
