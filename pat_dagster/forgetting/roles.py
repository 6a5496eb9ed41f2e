"""What a column can give away, told by its name; tests/forgetting/test_roles.py holds every table to it.

Columns that are not named here are read: a row goes when one of its texts holds a trace. So a new table is
covered without a word, as long as its ids are called what they are called elsewhere.
"""

from __future__ import annotations

from typing import Final

USERS: Final = frozenset({"user_id", "donor_id"})
REVIEWS: Final = frozenset({"review_id", "target_review_id"})
ASKED: Final = frozenset({"example_id", "source_example_id", "request_id"})  # what a text was written for

# how ids end that are nobody's
OTHER_IDS: Final = ("topic_id", "policy_id", "encoder_id", "run_id")

# Rows of these schemas belong to one user, whom an id names; the other schemas hold what was made of reviews,
# where a row about one user can quote another.
OWNED: Final = frozenset({"raw", "staging", "feature"})

# In rows that belong to somebody: what they wrote themselves. It is theirs even where it names another.
OWN_WORDS: Final = frozenset({"title", "text", "input", "target"})

# What models wrote, without a word about for whom: it goes as a whole, which costs the next run time alone.
CACHES: Final = frozenset({"ops.completions"})

# Kept as they are: their rows say what was computed, from which code, and hold no text of a review.
PLAIN: Final = frozenset({"ops.column_lineage", "ops.recipes", "ops.forgotten", "ops.published_tables"})
