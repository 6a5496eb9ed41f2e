/*
grain: one row per arm
why: An arm is one way to write a text; here is what each of the leaderboard is, and what it is compared with.
kind: table
columns:
  arm: name of the way to write; pat is the product with the policies in use
  family: >-
    pat, the product; baseline, another known way; floor, a text copied without a language model; ceiling, a text by
    something that has seen the target; ablation, pat with a part removed; falsification, pat with wrong evidence on
    purpose
  place: order in which a reader wants to see them, 1 first
  tasks: tasks it can answer, separated by commas
  needs_model: whether a language model writes for it
  reference_arm: arm it is compared with on the leaderboard; null for none
  description: what it does
*/
create table mart.arms (
    arm varchar not null,
    family varchar not null,
    place integer not null,
    tasks varchar not null,
    needs_model boolean not null,
    reference_arm varchar,
    description varchar not null
);
