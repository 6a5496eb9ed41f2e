"""Text that a terminal, a log line or a preview can show: what cannot be seen is written out.

Reviews, ids and file names are untrusted: an escape sequence in them could clear the screen, set the
clipboard or reorder a line (Unicode Technical Report 36; CVE-2021-42574 for the direction marks). Nothing is
removed: an invisible character appears as the escape that Python and JSON know, so two ids that differ look
different.
"""

from __future__ import annotations

import json
import re
from typing import Final

# what acts instead of being seen: controls, direction marks, invisible joints and tags, line separators,
# and code points that are no character; the joiners U+200C and U+200D stay, scripts and emoji need them
UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ufdd0-\ufdef\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U0010fffe\U0010ffff]"
)
BREAKS: Final = re.compile("[\t\n]")


def printable(text: str) -> str:
    """`text` with everything unseen written as an escape ("\\x1b"); tabs and line breaks stay."""
    return text if text.isascii() and text.isprintable() else UNSEEN.sub(_escaped, text)


def printable_line(text: str) -> str:
    """The same on one line: tabs and line breaks are written as escapes too."""
    return BREAKS.sub(_escaped, printable(text))


def json_line(value: object, indent: int | None = None) -> str:
    """JSON that reads back as `value` and holds nothing unseen; what JSON lacks becomes text.

    On one line, or with `indent` blanks a level.
    """
    written = json.dumps(value, default=str, ensure_ascii=False, indent=indent)
    return UNSEEN.sub(_json_escaped, written)


def _escaped(match: re.Match[str]) -> str:
    return ascii(match[0])[1:-1]


def _json_escaped(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]
