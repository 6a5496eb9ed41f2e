"""The corpus of attacks itself: large, named, each with the damage that it would do."""

from collections import Counter

from tests.hostile.attacks import ACCEPTED, ATTACKS, BY_NAME, of

FAMILIES = {
    "control_token",
    "instruction",
    "template",
    "sql",
    "html",
    "markdown",
    "terminal",
    "unicode",
    "path",
    "formula",
    "size",
}


def test_it_is_large_and_every_attack_is_another() -> None:
    assert len(ATTACKS) >= 60
    assert len(BY_NAME) == len({attack.value for attack in ATTACKS}) == len(ATTACKS)


def test_every_attack_says_what_it_would_do() -> None:
    assert all(isinstance(attack.value, str) and attack.value for attack in ATTACKS)
    assert [attack.name for attack in ATTACKS if len(attack.damage.split()) < 4] == []


def test_no_family_is_forgotten() -> None:
    counts = Counter(attack.family for attack in ATTACKS)
    assert set(counts) == FAMILIES
    assert min(counts.values()) >= 4


def test_there_is_one_for_every_place() -> None:
    assert len(of("text")) == len(ACCEPTED)
    assert min(len(of("title")), len(of("id"))) >= 90
    assert len(of("file")) >= 60
