"""Ids: stable, namespaced, the same for an edited text and never the same for two reviews."""

import json

import pytest

REVIEW = {"title": "T", "text": "Good.", "rating": 4, "pid": "p1"}


def profiles(*texts: str, **changed: object) -> list[dict[str, object]]:
    return [{"id": "u", "profile": [REVIEW | changed | {"text": text} for text in texts]}]


def ids(result) -> list[str]:
    return [row["review_id"] for row in result.accepted]


def test_the_same_file_twice_gives_the_same_rows(save, read):
    path = save("a.json", profiles("one", "two"))
    assert read(path) == read(path)


def test_an_edited_review_keeps_its_id_and_so_do_its_neighbors(save, read):
    before = read(save("a.json", profiles("one", "two", "three")))
    after = read(save("a.json", profiles("one", "TWO!", "three", rating=1)))
    assert ids(before) == ids(after)
    assert len(set(ids(before))) == 3
    assert after.accepted[1]["text"] == "TWO!"


def test_a_review_that_was_spoiled_does_not_shift_the_ids_of_the_next_ones(save, read):
    before = read(save("a.json", profiles("one", "two", "three")))
    after = read(save("a.json", profiles("one", " ", "three")))
    assert ids(after) == [ids(before)[0], ids(before)[2]]


@pytest.mark.parametrize(
    "change", [{"user_id": "other"}, {"parent_asin": "other"}, {"timestamp": 1588687728924}]
)
def test_other_user_topic_or_time_is_another_review(save, read, amazon, change):
    lines = [json.dumps(review) for review in (amazon(), amazon(text="x", **change))]
    assert len(set(ids(read(save("a.jsonl", "\n".join(lines)))))) == 2


def test_two_texts_of_one_user_topic_and_time_are_two_reviews(save, read, amazon):
    lines = [json.dumps(review) for review in (amazon(), amazon(text="x"))]
    assert len(set(ids(read(save("a.jsonl", "\n".join(lines)))))) == 2


def test_borders_between_fields_matter(save, read, amazon):
    pairs = [("ab", "c"), ("a", "bc"), ("a b", "c"), ("a", "b c")]
    lines = [json.dumps(amazon(user_id=user, parent_asin=topic, timestamp=None)) for user, topic in pairs]
    assert len(set(ids(read(save("a.jsonl", "\n".join(lines)))))) == 4


def test_a_newer_file_of_the_dataset_replaces_and_other_datasets_and_splits_do_not(save, read):
    path = save("a.json", profiles("one"))
    train = read(path, dataset="hotel", split="train")
    assert ids(train) == ids(read(save("newer.json", profiles("edited")), dataset="hotel", split="train"))
    assert ids(train) != ids(read(path, dataset="other", split="train"))
    assert ids(train) != ids(read(path, dataset="hotel", split="test"))  # display names: maybe another person
    assert all(review_id.startswith("hotel:") for review_id in ids(train))


def test_with_a_time_the_split_does_not_matter(save, read, amazon):
    path = save("a.jsonl", json.dumps(amazon()))
    assert ids(read(path, split="train")) == ids(read(path, split="test"))


def test_exact_repetitions_are_counted_and_anything_else_is_kept(save, read, amazon):
    same = json.dumps(amazon())
    layout = json.dumps(amazon(helpful_vote=9, rating="5"), indent=None, separators=(",", ":"))
    others = [
        json.dumps(amazon(**{key: value})) for key, value in [("title", "t"), ("text", "t"), ("rating", 1)]
    ]
    result = read(save("a.jsonl", "\n".join([same, same, layout, *others])))
    assert (result.n_read, result.n_duplicate, len(result.accepted)) == (6, 2, 4)
    assert len(set(ids(result))) == 4


def test_repeated_rejected_rows_are_all_kept(save, read, amazon):
    line = json.dumps(amazon(rating="five"))
    assert [row for row, _ in read(save("a.jsonl", f"{line}\n{line}")).reasons] == [1, 2]
