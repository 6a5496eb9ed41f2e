/*
grain: one row per user
why: >-
  What kind of name a user id is. Many people bear one display name, and neither its look nor its count alone
  tells. How often such names return does, against distinctive ones (long, or with digits), which few can share.
columns:
  user_id: the user
  dataset: dataset of the user
  n_reviews: reviews under this name
  n_names: names of the dataset
  form: >-
    id, the dataset's ids are machine-made; generic, a word for anybody; word and initial; up to 5, 6 or 7, 8 or 9
    letters; distinctive, anything else
  n_same_first_word: other names of the dataset that begin with the same word
  return_rate: share of the names of this form with two or more reviews; null where too few tell
  distinctive_return_rate: the same share of the distinctive names; null where too few tell
*/
with
users as (
    select * from staging.users
),

thresholds as (
    select
        0.9 as share_of_one_shape,  -- machine-made ids look alike: all of them in every corpus we know
        8 as least_id_length,  -- shorter display names can be equally long by chance
        20 as least_of_form,  -- fewer give no rate
        50 as least_distinctive  -- the same for what the others are measured by
),

generic_words as (
    select
        [
            'anonymous', 'anon', 'anonimo', 'anônimo', 'anónimo', 'customer', 'client', 'cliente', 'consumer',
            'buyer', 'shopper', 'traveler', 'traveller', 'guest', 'user', 'usuario', 'usuário', 'reviewer',
            'member', 'visitor', 'someone', 'nobody', 'unknown', 'null', 'none', 'undefined'
        ] as anybody,
        [
            'a', 'an', 'the', 'um', 'uma', 'un', 'una', 'verified', 'registered', 'deleted', 'former',
            'private', 'business', 'online', 'hotel', 'amazon', 'kindle', 'google', 'yelp'
        ] as beside
),

names as (
    select
        user_id,
        dataset,
        n_reviews,
        trim(substr(user_id, length(dataset) + 2)) as name,
        regexp_replace(name, '[0-9]+$', '') as stem,
        list_filter(string_split_regex(lower(name), '[^\p{L}]+'), lambda part: part != '') as words
    from users
),

shapes as (
    select
        *,
        count(*) over (partition by dataset) as n_names,
        count(*) over (partition by dataset, words[1]) - 1 as n_same_first_word,
        greatest(
            if(length(name) >= least_id_length, count(*) over (partition by dataset, length(name)), 0),
            if(stem != name, count(*) over (partition by dataset, stem), 0)
        ) as n_same_shape
    from names
    cross join thresholds
),

forms as (
    select
        shapes.*,
        case
            when
                list_has_any(words, anybody)
                and list_has_all(list_concat(anybody, beside), words)
                and not regexp_matches(name, '[0-9]')
                then 'generic'
            when max(n_same_shape) over (partition by dataset) >= share_of_one_shape * n_names then 'id'
            when regexp_matches(name, '^\p{L}+[ .]+\p{L}\.?$') then 'word and initial'
            when regexp_matches(name, '^(\p{L}{1,5}|\P{L}{1,5})$') then 'up to 5 letters'
            when regexp_matches(name, '^\p{L}{6,7}$') then '6 or 7 letters'
            when regexp_matches(name, '^\p{L}{8,9}$') then '8 or 9 letters'
            else 'distinctive'
        end as form
    from shapes
    cross join generic_words
),

rates as (
    select
        dataset,
        form,
        count(*) as n_of_form,
        -- one more of either, so that no returning name at all is not a rate of 0
        (count(*) filter (where n_reviews >= 2) + 1) / (count(*) + 1) as return_rate
    from forms
    group by dataset, form
),

distinctive as (
    select
        dataset,
        return_rate
    from rates
    cross join thresholds
    where form = 'distinctive' and n_of_form >= least_distinctive
)

select
    forms.user_id,
    forms.dataset,
    forms.n_reviews,
    forms.n_names,
    forms.form,
    if(forms.words[1] is null, 0, forms.n_same_first_word) as n_same_first_word,
    if(rates.n_of_form >= forms.least_of_form, rates.return_rate, null) as return_rate,
    distinctive.return_rate as distinctive_return_rate
from forms
inner join rates using (dataset, form)
left join distinctive using (dataset)
