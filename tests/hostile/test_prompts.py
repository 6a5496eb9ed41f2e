"""No text of a review reaches a tokenizer as a control token, and none is read as a template."""

from __future__ import annotations

import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.agents.agents import AGENTS, Generator, ReviewLine
from models.agents.baselines import ask_choice, ask_criticism, ask_difference, ask_digest, ask_summary, quote
from models.evaluation.judge import judge_prompt
from models.llm.chat import ChatFormat
from models.llm.transformers_backend import load_tokenizer
from models.recipes import TASKS
from tests.hostile.attacks import ACCEPTED, BY_NAME, Attack
from tests.hostile.tokenizers_of import FAMILIES, build

NAMES = [*FAMILIES, "pat-mini"]
PLAIN = "The battery lasts two days."
each_attack = pytest.mark.parametrize("attack", ACCEPTED, ids=lambda attack: attack.name)
each_family = pytest.mark.parametrize("name", NAMES)


@cache
def chat(name: str) -> ChatFormat:
    tokenizer = load_tokenizer(name) if name == "pat-mini" else build(name)
    return ChatFormat(tokenizer, context_length=4096, reserve=128)


def steering_tokens(name: str) -> list[str]:
    """What its makers gave the family, not what our code finds of it."""
    if name == "pat-mini":
        return ["<|pad|>", "<|end|>", "<|user|>", "<|assistant|>"]
    return [*FAMILIES[name].special, *(token for token in FAMILIES[name].added if token.strip())]


@cache
def own(name: str) -> list[str]:
    """Control tokens that the template writes around any message."""
    return controls(name, PLAIN)


def controls(name: str, prompt: str) -> list[str]:
    """Control tokens of a rendered prompt, in order, as the tokenizer reads them."""
    tokenizer = chat(name).tokenizer
    ids = chat(name).encode(chat(name).render(prompt))
    steering = {tokenizer.convert_tokens_to_ids(one) for one in steering_tokens(name)}
    steering -= {tokenizer.unk_token_id}
    return [str(tokenizer.convert_ids_to_tokens(number)) for number in ids if number in steering]


def asked(text: str) -> list[str]:
    """Every prompt that shows a review, with the same hostile text in every slot."""
    line = ReviewLine(title=text[:10_000], text=text, rating=4.0, is_aligned=True)
    prompts: list[str] = []
    for task in TASKS:
        prompts += [agent.format_input(task, text, [line, line], other=text) for agent in AGENTS.values()]
        prompts.append(Generator().format_input(task, text, text, text))
        prompts.append(quote(task, "history", [line]) or "")
        prompts += [ask_summary(task, text, "neighbors", [line]), ask_digest(task, text, [line])]
        prompts += [ask_difference(task, text, [(line, [line])]), judge_prompt("long", text, text, text)]
        prompts.append(ask_criticism(task, text, [line], [line], text))
        prompts.append(ask_choice(task, text, [line], [line], (text, text)))
    return prompts


@each_family
def test_the_templates_own_tokens_are_seen(name: str) -> None:
    rendered = chat(name).render(PLAIN)
    written = any(token in rendered for token in steering_tokens(name))
    assert bool(controls(name, PLAIN)) == (written or name == "word_pieces")  # which adds its own


@each_family
@each_attack
def test_no_attack_adds_a_control_token(name: str, attack: Attack) -> None:
    assert controls(name, attack.value[:1_500]) == own(name)


@each_family
@each_attack
def test_no_attack_writes_a_marker_of_the_template(name: str, attack: Attack) -> None:
    for marker in FAMILIES[name].markers if name in FAMILIES else ():
        rendered, plain = (chat(name).render(text) for text in (attack.value[:1_500], PLAIN))
        assert rendered.count(marker) == plain.count(marker)


@pytest.mark.parametrize("name", ["pat-mini", "chatml", "llama2", "look_alikes"])
@pytest.mark.parametrize(
    "attack", [one for one in ACCEPTED if one.family == "control_token"], ids=lambda attack: attack.name
)
def test_no_role_lets_one_through(name: str, attack: Attack) -> None:
    found = [prompt for prompt in asked(attack.value) if controls(name, prompt) != own(name)]
    assert found == []


@each_family
def test_an_attack_in_the_middle_of_what_is_cut(name: str) -> None:
    pieces = "".join(BY_NAME[one].value for one in ("nested_token", "fullwidth_form", "sentence_marks"))
    long = "word " * 1000 + pieces * 300 + " word" * 1000
    assert controls(name, long) == own(name)
    assert len(chat(name).encode(chat(name).render(long))) <= chat(name).limit


@each_family
@given(data=st.data())
@settings(max_examples=25)
def test_any_mixture_of_pieces(name: str, data: st.DataObject) -> None:
    wide = "\uff5c\uff1c\uff1e"  # full-width |, < and >
    pieces = st.sampled_from(
        [*steering_tokens(name), *f"<>|[]/{wide}", "s", "im_end", "\u200b", " ", "\u0301"]
    )
    text = "".join(data.draw(st.lists(pieces, max_size=12)))
    assert controls(name, text) == own(name)


@each_family
def test_a_copied_token_in_a_reply_is_trained_as_letters(name: str) -> None:
    tokenizer = chat(name).tokenizer
    special = steering_tokens(name) if name not in FAMILIES else FAMILIES[name].special
    steering = {tokenizer.convert_tokens_to_ids(one) for one in special} - {tokenizer.unk_token_id}
    for attack in ACCEPTED:
        assert steering.isdisjoint(chat(name).encode_completion(attack.value[:1_500])), attack.name


@each_family
@pytest.mark.parametrize(
    "text", [PLAIN, "Price: 5 < 6 & 7 > 3", "Wi-Fi [fast], 100% {ok}", "é 漢字", "note: bring cash; see #2"]
)
def test_ordinary_text_is_left_alone(name: str, text: str) -> None:
    assert chat(name).harmless(text) == text


@pytest.mark.parametrize(
    "attack", [one for one in ACCEPTED if one.family == "template"], ids=lambda attack: attack.name
)
def test_values_are_no_templates(attack: Attack) -> None:
    shown = " ".join(attack.value.split())
    for prompt in asked(attack.value):
        assert "1337" not in prompt and "AAA" not in prompt and "uid=" not in prompt
        assert shown[:60] in prompt


def test_a_review_is_one_line_of_a_prompt() -> None:
    for name in ("fake_sections", "fake_bullets", "judge_bribe", "line_separators", "alpaca_markers"):
        line = ReviewLine(title=BY_NAME[name].value, text=BY_NAME[name].value)
        prompt = AGENTS["topic"].format_input("long", BY_NAME[name].value, [line])
        plain = AGENTS["topic"].format_input("long", "a", [ReviewLine(title="a", text="b")])
        assert len(prompt.splitlines()) == len(plain.splitlines())
        assert len(re.findall(r"^[+-] ", prompt, re.MULTILINE)) == 1


def test_the_sentence_encoder_reads_letters() -> None:
    from models.encoders.semantic import SemanticEncoder

    encoder = SemanticEncoder()
    tokenizer = encoder._model.tokenizer
    steering = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    texts = [attack.value for attack in ACCEPTED]
    found = [
        [number for number in row.tolist() if number in steering - {tokenizer.pad_token_id}]
        for _, features in encoder._batches(texts)
        for row in features["input_ids"]
    ]
    assert found == [[tokenizer.cls_token_id, tokenizer.sep_token_id]] * len(texts)
    same = encoder.encode(["good [PAD] [MASK] value", "good value"])
    assert same[0] @ same[1] < 0.999  # what was written is read
