"""From a user message to the text a model reads, with untrusted control tokens made harmless.

Review text may contain "<|im_end|>" or "</s>". Tokenized as it is, that would close the user's turn and let a
review speak as the system. So every string that the tokenizer knows as a control token, every marker that the
chat template writes around a message ("[/INST]", "###") and everything of the form <|...|> is broken by a
space before the template is applied. What the tokenizer still reads as a control token, because it normalizes
Unicode or case, is found by its id and broken in the same way.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from typing import Final

import jinja2
from tokenizers import AddedToken
from transformers import PreTrainedTokenizerBase

CONTROL_FORM: Final = re.compile(
    r"<(?=[|\uff5c])|(?<=[|\uff5c])>"
)  # both halves of <|...|>, full-width bars too
WORD_MARKER: Final = re.compile(r"\w+:")  # "ASSISTANT:"
MARKS: Final = re.compile(r"[<>\[\]{}|#\uff5c]")
CONTENT: Final = "content"  # stands for a message while the template is looked at
ATTEMPTS: Final = 3  # to break a control token by a blank; then it is taken out
NO_PLAIN_TEXT: Final = re.compile(r"[^\w\s.,!?'-]")
PLAIN_END: Final = "\n\n"  # ends a prompt for base models that come without a chat template
GAP: Final = " ... "  # stands for the part of a message that was left out
HEAD_SHARE: Final = 0.5  # of a message that is too long: the task stands first, the input of the example last


def control_strings(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """Strings that the tokenizer or its chat template takes for control, longest first."""
    added = {token.content for token in tokenizer.added_tokens_decoder.values() if _is_control(token)}
    listed = {*added, *tokenizer.all_special_tokens}
    return _longest_first(listed | template_markers(tokenizer, listed))


def special_ids(tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Ids that no text may spell. Not the unknown token: a letter that the vocabulary lacks is read as it."""
    added = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    return frozenset(added | set(tokenizer.all_special_ids)) - {tokenizer.unk_token_id}


def control_ids(tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Ids that a prompt may hold only where its template writes them."""
    added = {number for number, token in tokenizer.added_tokens_decoder.items() if _is_control(token)}
    return special_ids(tokenizer) | (added - {tokenizer.unk_token_id})


def template_markers(tokenizer: PreTrainedTokenizerBase, listed: Iterable[str]) -> set[str]:
    """Words by which the chat template shows where a turn begins or ends, such as "[/INST]" or "ASSISTANT:".

    Llama 2 and the models after Alpaca and Vicuna write them with ordinary characters, so they are not among
    the tokens `listed`.
    """
    if not tokenizer.chat_template:
        return set()
    markers: set[str] = set()
    for roles in (("system", "user"), ("user", "assistant", "user")):
        messages = [{"role": role, "content": CONTENT} for role in roles]
        try:
            whole = str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
        except (jinja2.TemplateError, ValueError):  # a template may refuse a turn of the system
            continue
        for token in _longest_first(listed):
            whole = whole.replace(token, " ")
        words = whole.replace(CONTENT, f" {CONTENT} ").split()
        markers |= {word for word in words if MARKS.search(word)}
        beside = [pair for pair in itertools.pairwise([*words, CONTENT]) if CONTENT in pair]
        markers |= {word for pair in beside for word in pair if WORD_MARKER.fullmatch(word)}
    return markers


def _is_control(token: AddedToken) -> bool:
    """Special; or added and neither blank nor a word ("<tool_call>", but not "  " or "hello")."""
    letters = "".join(token.content.split())
    return bool(token.special) or not (letters == "" or letters.isalnum())


def _longest_first(texts: Iterable[str]) -> list[str]:
    return sorted(texts, key=lambda text: (-len(text), text))


def neutralize(text: str, controls: Iterable[str]) -> str:
    """`text` without any control token, readable otherwise: "<|x|>" becomes "< |x| >".

    The result contains no string of `controls` and no "<|" or "|>"; applied twice it changes nothing more.
    """
    text = CONTROL_FORM.sub(lambda match: "< " if match[0] == "<" else " >", text)
    known = [control for control in controls if control.strip()]
    while any(control in text for control in known):
        for control in known:
            broken = _broken(control)
            # a control that contains its own broken form could never be broken that way
            text = text.replace(control, "" if any(other in broken for other in known) else broken)
    return text


def _broken(control: str) -> str:
    """A control string with a blank in it: "< /s>", "USER :"; nothing is left of a single character."""
    if len(control) < 2:
        return ""
    place = len(control) - 1 if WORD_MARKER.fullmatch(control) else 1
    return f"{control[:place]} {control[place:]}"


class ChatFormat:
    """Renders and tokenizes user messages for one tokenizer and one context length (tokens)."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, context_length: int, reserve: int) -> None:
        if reserve >= context_length:
            raise ValueError(f"reserve {reserve} leaves no room in a context of {context_length} tokens")
        self.tokenizer = tokenizer
        self.limit = context_length - reserve
        self.controls = control_strings(tokenizer)
        self.control_ids, self.special_ids = control_ids(tokenizer), special_ids(tokenizer)

    def render(self, prompt: str) -> str:
        """The text the model reads; the middle of a message that does not fit is left out."""
        content = self.harmless(prompt)
        text = self._template(content)
        excess = len(self.encode(text)) - self.limit
        if excess <= 0:
            return text
        tokens = self._tokens(content)
        keep = len(tokens)
        while excess > 0 and keep > 0:
            keep = max(keep - excess, 0)  # the gap mark costs a few tokens, so this may take a second turn
            head = int(keep * HEAD_SHARE)
            ends = [self._decode(tokens[:head]), self._decode(tokens[len(tokens) - keep + head :])]
            text = self._template(self.harmless(GAP.join(ends)) if keep else "")
            excess = len(self.encode(text)) - self.limit
        return text

    def harmless(self, text: str) -> str:
        """`text` in which the tokenizer reads nothing as control; ordinary text is left alone."""
        text = neutralize(text, self.controls)
        attempt = 0
        while not self.control_ids.isdisjoint(self._tokens(text)):
            found = self._controls_in(text)
            if not found:  # nobody can say where: letters, digits and stops alone are left
                return NO_PLAIN_TEXT.sub(" ", text)
            for start, end in reversed(found):
                blank = " " if attempt < ATTEMPTS and end - start > 1 else ""
                text = text[: start + len(blank)] + blank + text[start + len(blank) if blank else end :]
            attempt += 1
        return text

    def _controls_in(self, text: str) -> list[tuple[int, int]]:
        """(start, end) of what the tokenizer reads as a control token, in the order of the text."""
        if not self.tokenizer.is_fast:  # only those keep the places
            return []
        read = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        places = zip(read["input_ids"], read["offset_mapping"], strict=True)
        return [place for number, place in places if number in self.control_ids and place[0] < place[1]]

    def encode(self, rendered: str) -> list[int]:
        """Token ids of a rendered prompt."""
        return self._tokens(rendered, special=not self.tokenizer.chat_template)

    def encode_completion(self, text: str) -> list[int]:
        """Token ids of a completion, tokenized apart from its prompt as in generation (no merge across).

        A reply that spells "</s>", copied from a review, is letters: special tokens are never read from it.
        """
        tokens = self._letters(text)
        return tokens if self.special_ids.isdisjoint(tokens) else self._letters(self.harmless(text))

    def _letters(self, text: str) -> list[int]:
        read = self.tokenizer(text, add_special_tokens=False, split_special_tokens=True, verbose=False)
        return list(read["input_ids"])

    def _template(self, content: str) -> str:
        if not self.tokenizer.chat_template:
            return content + PLAIN_END
        messages = [{"role": "user", "content": content}]
        return str(self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))

    def _tokens(self, text: str, special: bool = False) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=special, verbose=False)["input_ids"])

    def _decode(self, tokens: list[int]) -> str:
        return str(self.tokenizer.decode(tokens, clean_up_tokenization_spaces=False))
