/*
grain: one row per dataset, control and encoder
why: >-
  How well each encoder tells authors apart, so that the one in use is chosen by numbers: a text is closer to
  another of its author, about another topic, than to one by somebody else.
kind: table
columns:
  dataset: dataset of the reviews
  control: same topic, the other author writes about the topic of the author's second text; any topic, about
    whatever they like, so that knowing topics helps
  authors: held out, users of validation and test; held out and cross-fitted, train users too, each asked of
    weights trained without them, because there are too few others
  encoder: trained projection; raw features; style model, a sentence-transformers model; semantic encoder, by
    meaning; content words, by shared ones; chance, by a hash
  encoder_id: encoder with its version; null where it has none
  is_in_use: whether the recipe's style vectors are these
  n_authors: authors asked about; users flagged by the audit are none
  n: trials, each of three texts
  accuracy: share of trials solved, ties half, every author counting the same; null without trials
  ci_low: lower bound of the accuracy, bootstrap over authors
  ci_high: upper bound of the accuracy
  lead: accuracy of the encoder in use minus this one, on the same trials; null for itself
  lead_ci_low: lower bound of the lead
  lead_ci_high: upper bound of the lead
  note: for the projection, why it is used or not; else why there is no number
  encoder_changed_share: >-
    share of the train users' reviews that are new, edited or gone since the encoder in use was fitted; fitted anew
    past the recipe's refresh.refit_share; null where nothing is fitted
  changed_share: >-
    share of the dataset's reviews that are new, edited or gone since these numbers were measured; measured anew
    past the same, and with every other encoder
*/
create table feature.style_encoder_quality (
    dataset varchar not null,
    control varchar not null,
    authors varchar not null,
    encoder varchar not null,
    encoder_id varchar,
    is_in_use boolean not null,
    n_authors bigint not null,
    n bigint not null,
    accuracy double,
    ci_low double,
    ci_high double,
    lead double,
    lead_ci_low double,
    lead_ci_high double,
    note varchar,
    encoder_changed_share double,
    changed_share double
);
