/*
grain: one row per dataset
why: What there is to work with, and what a dataset cannot show because of it.
columns:
  dataset: name under which the reviews were loaded
  n_reviews: reviews after cleaning, duplicates and unusable rows left out
  n_users: users who wrote them
  n_flagged_users: users whom the audit does not believe to be one person
  n_topics: items or places written about
  n_single_review_topics: topics with one review
  n_shared_texts: reviews whose text two or more users wrote; never shown, never asked for
  n_blank_titles: reviews without a title
  longest_text: words of the longest text; agents read the beginning of a long one
  most_reviews: reviews of the user with the most of them
  n_train: examples that agents are trained on, as many as the recipe selects
  n_validation: examples that decide on promotion
  n_test: examples that results are measured on
  n_test_users: users behind the test examples
  n_without_style: of all these examples, those for which no stylistically similar user was found
  n_without_topic: of all these examples, those for which no review about the topic or a near one was found
  remarks: what follows from the numbers, in words; null where nothing stands out
*/
with
reviews as (
    select
        dataset,
        count(*) as n_reviews,
        count(*) filter (where is_shared_text) as n_shared_texts,
        count(*) filter (where not regexp_matches(title, '\S')) as n_blank_titles,
        max(len(string_split_regex(trim(text), '\s+'))) as longest_text
    from staging.reviews
    group by dataset
),

users as (
    select
        dataset,
        count(*) as n_users,
        count(*) filter (where is_flagged) as n_flagged_users,
        max(n_reviews) as most_reviews
    from feature.user_audit
    group by dataset
),

topics as (
    select
        dataset,
        count(*) as n_topics,
        count(*) filter (where n_reviews = 1) as n_single_review_topics
    from staging.topics
    group by dataset
),

examples as (
    select
        dataset,
        count(*) filter (where split = 'train') as n_train,
        count(*) filter (where split = 'validation') as n_validation,
        count(*) filter (where split = 'test') as n_test,
        count(distinct user_id) filter (where split = 'test') as n_test_users,
        count(*) filter (
            where example_id not in (select example_id from context.style_reviews)
        ) as n_without_style,
        count(*) filter (
            where example_id not in (select example_id from context.topic_reviews)
        ) as n_without_topic
    from feature.examples
    where is_selected
    group by dataset
),

counts as (
    select
        reviews.*,
        users.* exclude (dataset),
        topics.* exclude (dataset),
        coalesce(examples.n_train, 0) as n_train,
        coalesce(examples.n_validation, 0) as n_validation,
        coalesce(examples.n_test, 0) as n_test,
        coalesce(examples.n_test_users, 0) as n_test_users,
        coalesce(examples.n_without_style, 0) as n_without_style,
        coalesce(examples.n_without_topic, 0) as n_without_topic,
        n_train + n_validation + n_test as n_selected
    from reviews
    inner join users using (dataset)
    inner join topics using (dataset)
    left join examples using (dataset)
)

select
    dataset,
    n_reviews,
    n_users,
    n_flagged_users,
    n_topics,
    n_single_review_topics,
    n_shared_texts,
    n_blank_titles,
    longest_text,
    most_reviews,
    n_train,
    n_validation,
    n_test,
    n_test_users,
    n_without_style,
    n_without_topic,
    nullif(concat_ws(
        '; ',
        if(n_users = 1, 'one user: nobody else can be learned from', null),
        if(n_topics = 1, 'one topic: no donor writes about another one', null),
        if(n_topics > 1 and n_single_review_topics = n_topics, 'no topic has a second review', null),
        if(n_shared_texts = n_reviews, 'every text is shared: nothing can be shown or asked for', null),
        if(n_blank_titles = n_reviews, 'no title: no short examples, and long ones from nothing', null),
        if(2 * n_flagged_users > n_users, 'most users are flagged: see feature.user_audit', null),
        if(n_train = 0, 'no train example: nothing is learned from it', null),
        if(n_test = 0, 'no test example: not in mart.leaderboard', null),
        -- a bootstrap of few values knows too few of them
        if(n_test_users between 1 and 29, 'fewer than 30 test users: intervals are too narrow', null),
        if(n_selected > 0 and n_without_style = n_selected, 'no example has a style context', null),
        if(n_selected > 0 and n_without_topic = n_selected, 'no example has a topic context', null)
    ), '') as remarks
from counts
