/*
grain: one row per dataset
why: >-
  Whether propagation learned anything from the train users of a dataset, and what. Trained weights are in use
  only where they do better on held-out train users; otherwise it is the parameter-free average, the default.
kind: table
columns:
  dataset: dataset of the users
  origin: trained, or default for the parameter-free average
  reason: why the default is used; null for trained weights
  n_train_users: train users whose reviews were learned from or held out
  n_train_examples: their reviews, each with its text hidden once
  n_held_out_users: train users who say when to stop and whether it is a gain
  epochs: passes over the reviews behind the weights; null when nothing was tried
  gain: how much less the loss of a held-out user is than the default's, on average; null when nothing was tried
  gain_ci_low: lower bound of its bootstrap interval; trained weights have one above 0
  gain_ci_high: upper bound of its bootstrap interval
  cosine: mean cosine of held-out predictions to the hidden style
  default_cosine: the same of the default
  auc_same_topic: how often the prediction is nearer to the hidden text than to another one of its topic
  default_auc_same_topic: the same of the default
  common_weight: how much of the mean style of train users brings a prediction of length 1 nearest to the hidden style; donors are ranked without
  style_encoder_id: style encoder behind the vectors
  seed: seed of the training
  data_sha256: hash of the reviews that were learned from; null for the default
  weights_sha256: hash of the tensors in use
  changed_share: >-
    share of the train users' reviews that are new, edited or gone since the weights were learned; 0 right after,
    and learned anew past the recipe's refresh.refit_share. Null in rows of older versions
*/
create table feature.propagation (
    dataset varchar not null,
    origin varchar not null,
    reason varchar,
    n_train_users bigint not null,
    n_train_examples bigint not null,
    n_held_out_users bigint,
    epochs integer,
    gain double,
    gain_ci_low double,
    gain_ci_high double,
    cosine double,
    default_cosine double,
    auc_same_topic double,
    default_auc_same_topic double,
    common_weight double not null,
    style_encoder_id varchar not null,
    seed bigint not null,
    data_sha256 varchar,
    weights_sha256 varchar not null,
    changed_share double
);
