/*
grain: one row per arm
why: What the arms of the leaderboard are, and what each is compared with.
kind: table
columns:
  arm: name
  family: floor, ceiling, baseline, pat, ablation or falsification
  place: order in which a reader wants to see them, 1 first
  tasks: tasks it can answer, separated by commas
  needs_model: whether a language model writes for it
  reference_arm: arm it is compared with, null for none
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
