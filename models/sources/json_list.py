"""Streams the entries of one JSON list with the standard library's decoder.

Why not ijson: its C backend replaces half a surrogate pair by "?" in silence (found with ijson 3.6), so a
text would change without a word, and it refuses integers beyond 64 bits; its Python backend is faithful
and several times slower than this.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import BinaryIO

from models.errors import InputError
from models.sources.files import CHUNK

MAX_ENTRY = 256 * 2**20  # characters; one profile is far smaller, and memory stays bounded
TAIL = 16  # characters; an error this close to the end of what was read may be a token cut in two
WHITESPACE = " \t\r\n"


class _Text:
    """The not yet decoded part of the file as text, with its byte offset for messages."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._offset = 0
        self.name = name
        self.buffer = ""
        self.done = False

    def more(self, size: int) -> None:
        """Append about `size` bytes; sets `done` at the end. InputError for bytes that are not UTF-8."""
        chunk = self._stream.read(size)
        if self._offset == 0:
            chunk = chunk.removeprefix(codecs.BOM_UTF8)
        pending = len(self._decoder.getstate()[0])
        try:
            self.buffer += self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            where = self._offset - pending + error.start
            raise InputError(
                f"byte 0x{error.object[error.start]:02x} at offset {where:,} is not UTF-8",
                file=self.name,
                remedy="convert the file: iconv -f LATIN1 -t UTF-8 FILE > NEW",
            ) from error
        self._offset += len(chunk)
        self.done = not chunk

    def skip_whitespace(self) -> str:
        """Drop leading whitespace; the next character, or "" at the end of the file."""
        while True:
            self.buffer = self.buffer.lstrip(WHITESPACE)
            if self.buffer or self.done:
                return self.buffer[:1]
            self.more(CHUNK)


def entries(stream: BinaryIO, name: str) -> Iterator[object]:
    """Every entry of the JSON list in `stream`, one at a time.

    Memory: one entry plus one chunk. InputError for anything that is not one complete JSON list; it
    says after which entry.
    """
    text = _Text(stream, name)
    decode = json.JSONDecoder().raw_decode
    if text.skip_whitespace() != "[":
        raise InputError("not a JSON list", file=name, remedy="check --format; a JSON list starts with '['")
    text.buffer = text.buffer[1:]
    count = 0
    start = 0
    if text.skip_whitespace() == "]":
        return _refuse_garbage(text, 1)
    while True:
        size = CHUNK
        while True:
            try:
                entry, end = decode(text.buffer, start)
                if end < len(text.buffer) or text.done:  # else a number may go on in the next chunk
                    break
            except RecursionError as error:
                raise _broken(text, count, "nested too deeply") from error
            except ValueError as error:
                if text.done or not _may_be_cut(error, text.buffer):
                    raise _broken(text, count, _reason(error, text.done)) from error
            if len(text.buffer) - start > MAX_ENTRY:
                raise _broken(text, count, f"an entry of more than {MAX_ENTRY:,} characters")
            text.buffer, start = text.buffer[start:], 0
            text.more(size)
            size *= 2  # a large entry is decoded again at every try: doubling keeps that linear
        count += 1
        yield entry
        start, mark = _next_mark(text, end)
        if mark == "]":
            text.buffer = text.buffer[start + 1 :]
            return _refuse_garbage(text, 0)
        if mark != ",":
            raise _broken(
                text, count, "the file ends too early" if not mark else f"',' expected, found {mark!r}"
            )
        start, mark = _next_mark(text, start + 1)


def _next_mark(text: _Text, at: int) -> tuple[int, str]:
    """Position and character of the next non-blank at or after `at`; "" at the end of the file."""
    while True:
        while at < len(text.buffer) and text.buffer[at] in WHITESPACE:
            at += 1
        if at < len(text.buffer):
            return at, text.buffer[at]
        if text.done:
            return at, ""
        text.buffer, at = "", 0
        text.more(CHUNK)


def _may_be_cut(error: ValueError, buffer: str) -> bool:
    """Whether reading more may cure the error: it is at the end of the buffer, or in an open string."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated string") or error.pos >= len(buffer) - TAIL


def _reason(error: ValueError, done: bool) -> str:
    """The decoder's words, without positions that count from the middle of the file."""
    if isinstance(error, json.JSONDecodeError):
        return "the file ends too early" if done and _may_be_cut(error, error.doc) else error.msg.lower()
    return str(error)


def _broken(text: _Text, count: int, reason: str) -> InputError:
    return InputError(
        f"broken JSON after entry {count}: {reason}",
        file=text.name,
        remedy="copy or download the file again; `python -m json.tool FILE` must accept it",
    )


def _refuse_garbage(text: _Text, skip: int) -> None:
    text.buffer = text.buffer[skip:]
    if mark := text.skip_whitespace():
        raise InputError(
            f"{mark!r} follows the end of the JSON list",
            file=text.name,
            remedy="one file holds one JSON list; JSON lines are format amazon2023 or table",
        )
