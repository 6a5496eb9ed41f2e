/*
title: What the data cannot show
why: Small or odd data limit what any number here is worth.
columns:
  dataset: the dataset
  n_reviews: reviews in use
  n_users: users who wrote them
  n_flagged_users: users whom the audit does not believe to be one person
  n_topics: items or places written about
  n_shared_texts: reviews whose text several users wrote; never shown, never asked for
  n_train: train examples
  n_validation: validation examples
  n_test: test examples
  remarks: what follows from the numbers
*/
select
    dataset,
    n_reviews,
    n_users,
    n_flagged_users,
    n_topics,
    n_shared_texts,
    n_train,
    n_validation,
    n_test,
    remarks
from mart.datasets
order by dataset
