"""From a user message to the text a model reads, with untrusted control tokens made harmless.

Review text may contain "<|im_end|>" or "</s>". Tokenized as it is, that would close the user's turn and let a
review speak as the system. So every string that the tokenizer knows as a special token, and everything of the
form <|...|>, is broken by a space before the chat template is applied.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from transformers import PreTrainedTokenizerBase

CONTROL_FORM: Final = re.compile(
    r"<(?=[|\uff5c])|(?<=[|\uff5c])>"
)  # both halves of <|...|>, full-width bars too
PLAIN_END: Final = "\n\n"  # ends a prompt for base models that come without a chat template
GAP: Final = " ... "  # stands for the part of a message that was left out
HEAD_SHARE: Final = 0.5  # of a message that is too long: the task stands first, the input of the example last


def control_strings(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """Strings that the tokenizer maps to a special token, longest first."""
    added = (token.content for token in tokenizer.added_tokens_decoder.values() if token.special)
    return sorted({*added, *tokenizer.all_special_tokens}, key=lambda text: (-len(text), text))


def neutralize(text: str, controls: Iterable[str]) -> str:
    """`text` without any control token, readable otherwise: "<|x|>" becomes "< |x| >".

    The result contains no string of `controls` and no "<|" or "|>"; applied twice it changes nothing more.
    """
    text = CONTROL_FORM.sub(lambda match: "< " if match[0] == "<" else " >", text)
    known = [control for control in controls if control.strip()]
    while any(control in text for control in known):
        for control in known:
            broken = f"{control[0]} {control[1:]}" if len(control) > 1 else ""
            # a control that contains its own broken form could never be broken that way
            text = text.replace(control, "" if any(other in broken for other in known) else broken)
    return text


class ChatFormat:
    """Renders and tokenizes user messages for one tokenizer and one context length (tokens)."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, context_length: int, reserve: int) -> None:
        if reserve >= context_length:
            raise ValueError(f"reserve {reserve} leaves no room in a context of {context_length} tokens")
        self.tokenizer = tokenizer
        self.limit = context_length - reserve
        self.controls = control_strings(tokenizer)

    def render(self, prompt: str) -> str:
        """The text the model reads; the middle of a message that does not fit is left out."""
        content = neutralize(prompt, self.controls)
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
            text = self._template(neutralize(GAP.join(ends), self.controls) if keep else "")
            excess = len(self.encode(text)) - self.limit
        return text

    def encode(self, rendered: str) -> list[int]:
        """Token ids of a rendered prompt."""
        return self._tokens(rendered, special=not self.tokenizer.chat_template)

    def encode_completion(self, text: str) -> list[int]:
        """Token ids of a completion, tokenized apart from its prompt as in generation (no merge across)."""
        return self._tokens(text)

    def _template(self, content: str) -> str:
        if not self.tokenizer.chat_template:
            return content + PLAIN_END
        messages = [{"role": "user", "content": content}]
        return str(self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))

    def _tokens(self, text: str, special: bool = False) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=special, verbose=False)["input_ids"])

    def _decode(self, tokens: list[int]) -> str:
        return str(self.tokenizer.decode(tokens, clean_up_tokenization_spaces=False))
