"""One record in, one accepted row or one reason out. The same rules for every format.

Rules (a record that breaks one is rejected and kept with its row number, never repaired):

- user and topic: text or a whole number, not blank, at most `MAX_ID` characters, no NUL;
- text: not blank, at most `MAX_TEXT` characters, no NUL, valid Unicode; stored as it came, blanks included;
- title: may be empty or missing (both are stored as ""), at most `MAX_TITLE` characters, else like text;
- rating: required; a number from 1 to 5, or text that spells one in digits ("4", "4.0");
- posted_at: may be missing; stored in UTC without a zone, from 1900 to 2100.

Duplicates: a record equal to an earlier one of its file in user, topic, title, text, rating and time is
counted and not written.

Ids: `review_id` is a hash of user, topic, time and the occurrence number of that triple in the file, and
so does not depend on the text: an edited review keeps its id and replaces its old self. Without a time
the split joins the hash, because files of one benchmark may hold different people of one display name.
Known limit: without a time, two files of one dataset and split that hold different reviews by the same
user of the same topic are read as two versions of one review.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from models.sources.forgotten import NOBODY, REASON, UNREADABLE, Forgotten

MAX_TEXT = 100_000  # characters; the longest Amazon reviews have about a third of it
MAX_TITLE = 10_000  # characters; a longer title is a text in the wrong column
MAX_ID = 512  # characters; ids of the supported corpora have fewer than 100
MAX_RECORD = 16 * 2**20  # characters kept of a rejected record, so that no row exceeds what a table shows
DIGEST_BYTES = 16  # 128 bits: no collision to be expected in any corpus
REVIEW_ID_HEX = 20  # 80 bits: 10 million reviews collide with a chance of 4e-11
PLAIN_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")  # not float(): that accepts "nan", "1_0", "1e0"
EXACT_FLOAT = 2**53  # a float id above it is already another number
FIRST_YEAR, LAST_YEAR = 1900, 2100


class Candidate(NamedTuple):
    """One record as a format hands it over: nothing validated yet.

    row: its number in the file, from 1. fault: what the format itself found wrong with the record.
    record: the record as it was read, for rejected rows. task: of a request (its input is `text`)
    """

    row: int
    record: object
    user: object = None
    topic: object = None
    title: object = None
    text: object = None
    rating: object = None
    posted_at: object = None
    is_target: bool | None = None
    split: str | None = None
    fault: str | None = None
    task: object = None


class Accepted(NamedTuple):
    """One row of raw.reviews, without dataset and source file."""

    row: int
    review_id: str
    split: str | None
    user_id: str
    topic_id: str
    title: str
    text: str
    rating: float
    posted_at: datetime | None
    is_target: bool | None


class Rejected(NamedTuple):
    """One row of raw.rejected_rows, without dataset and source file."""

    row: int
    reason: str
    record: str


@dataclass(frozen=True)
class Duplicate:
    """An exact repetition of an earlier record of the file."""

    row: int


class RecordFault(Exception):
    """Why a record is rejected; never leaves this package."""


def shown(value: object) -> str:
    """A value as a message shows it: short, one line, printable."""
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def identifier(name: str, value: object) -> str:
    """An id as text: 12, 12.0 and "12" are the same id."""
    if value is None:
        raise RecordFault(f"{name} is missing")
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise RecordFault(f"{name} is {shown(value)}: expected text or a whole number")
    if isinstance(value, float | Decimal):
        if not math.isfinite(value) or value != int(value) or abs(float(value)) > EXACT_FLOAT:
            raise RecordFault(f"{name} is {shown(value)}: expected text or a whole number")
        value = int(value)
    if isinstance(value, int):
        if abs(value) >= 10**64:  # no id has that many digits, and str() of a huge int raises
            raise RecordFault(f"{name} is a number of more than 64 digits")
        return str(value)
    if not value.strip():
        raise RecordFault(f"{name} is empty")
    return checked(name, value, MAX_ID)


def checked(name: str, value: str, limit: int) -> str:
    """`value` itself when a table can hold it."""
    if len(value) > limit:
        raise RecordFault(f"{name} has {len(value):,} characters: at most {limit:,} are accepted")
    if "\0" in value:
        raise RecordFault(f"{name} holds a NUL character")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            code = ord(value[error.start])
            if 0xDC80 <= code <= 0xDCFF:  # how undecodable bytes are kept: surrogateescape
                reason = f"byte 0x{code - 0xDC00:02x} that is not UTF-8"
            else:
                reason = f"half a surrogate pair (U+{code:04X})"
            raise RecordFault(f"{name} holds {reason} at character {error.start + 1}") from None
    return value


def text_of(value: object) -> str:
    """The text of a review, exactly as it came."""
    if value is None:
        raise RecordFault("text is missing")
    if not isinstance(value, str):
        raise RecordFault(f"text is {shown(value)}: expected text")
    if not value.strip():
        raise RecordFault("text is empty")
    return checked("text", value, MAX_TEXT)


def title_of(value: object) -> str:
    """The title; no title is the empty text."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RecordFault(f"title is {shown(value)}: expected text")
    return checked("title", value, MAX_TITLE)


def rating_of(value: object) -> float:
    """A number from 1 to 5."""
    if value is None or value == "":
        raise RecordFault("rating is missing: expected a number from 1 to 5")
    if isinstance(value, str):
        plain = value.strip()
        number = float(plain) if len(plain) <= 20 and PLAIN_NUMBER.fullmatch(plain) else math.nan
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        number = float(value) if -1e6 < value < 1e6 else math.nan
    else:
        number = math.nan
    if not 1 <= number <= 5:
        raise RecordFault(f"rating is {shown(value)}: expected a number from 1 to 5")
    return number


def time_of(value: object) -> datetime | None:
    """A time in UTC without a zone. Text must be ISO 8601; a time without a zone counts as UTC."""
    if value is None or value == "":
        return None
    moment: datetime | None = None
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day)
    elif isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            moment = None
    if moment is None:
        raise RecordFault(f"time is {shown(value)}: expected ISO 8601 such as 2023-04-01T12:00:00Z")
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise RecordFault(f"time is {shown(value)}: expected a year from {FIRST_YEAR} to {LAST_YEAR}")
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def record_text(record: object) -> str:
    """A record as text that a table can hold: JSON, or the raw line with odd bytes written as \\xNN."""
    if isinstance(record, bytes):
        text = record.decode("utf-8", "backslashreplace")
    elif isinstance(record, str):
        text = record
    else:
        try:
            text = json.dumps(record, ensure_ascii=False, default=str)
        except RecursionError:
            text = f"({type(record).__name__}, nested too deeply to be written)"
    text = text.replace("\0", "\\x00")
    text = text.encode("utf-8", "backslashreplace").decode() if not text.isascii() else text
    return text if len(text) <= MAX_RECORD else text[:MAX_RECORD]


class Validator:
    """Applies the rules to the records of one file, in order.

    Memory: one digest of 16 bytes per distinct record and one per distinct (user, topic, time), about
    0.2 kB a row with Python's overhead; the texts themselves are never kept.
    """

    def __init__(self, dataset: str, split: str | None, forgotten: Forgotten = NOBODY) -> None:
        self.dataset = dataset
        self.split = split
        self._forgotten = forgotten
        self._seen: set[bytes] = set()
        self._occurrences: dict[bytes, int] = {}

    def check(self, candidate: Candidate) -> Accepted | Rejected | Duplicate:
        """Decide about one record."""
        key: tuple[str, ...] | None = None
        if self._forgotten.concerns(self.dataset) and (reason := self._not_kept(candidate)):
            return Rejected(candidate.row, reason, "")
        try:
            if candidate.fault is not None:
                raise RecordFault(candidate.fault)
            user, topic = identifier("user", candidate.user), identifier("topic", candidate.topic)
            posted_at = time_of(candidate.posted_at)
            split = candidate.split or self.split
            time = posted_at.isoformat() if posted_at else f"split {split or ''}"
            key = (user, topic, time)
            title, text = title_of(candidate.title), text_of(candidate.text)
            rating = rating_of(candidate.rating)
        except RecordFault as fault:
            if key is not None:
                self._occurrence(key)  # a review that was spoiled does not shift the ids of the next ones
            return Rejected(candidate.row, str(fault), record_text(candidate.record))
        whole = digest(*key, title, text, repr(rating))
        if whole in self._seen:
            return Duplicate(candidate.row)
        self._seen.add(whole)
        identity = digest(*key, str(self._occurrence(key)), size=32).hex()[:REVIEW_ID_HEX]
        return Accepted(
            candidate.row,
            f"{self.dataset}:{identity}",
            split,
            f"{self.dataset}:{user}",
            f"{self.dataset}:{topic}",
            title,
            text,
            rating,
            posted_at,
            candidate.is_target,
        )

    def _not_kept(self, candidate: Candidate) -> str | None:
        """Why nothing of a record may be kept: it is a forgotten user's, or may be."""
        try:
            user = identifier("user", candidate.user)
        except RecordFault:
            return UNREADABLE
        return REASON if self._forgotten.holds(f"{self.dataset}:{user}") else None

    def _occurrence(self, key: tuple[str, ...]) -> int:
        """How often this user, topic and time came before in the file."""
        known = digest(*key)
        count = self._occurrences.get(known, 0)
        self._occurrences[known] = count + 1
        return count


def digest(*fields: str, size: int = DIGEST_BYTES) -> bytes:
    """SHA-256 of fields that hold no NUL, cut to `size` bytes; NUL between them keeps borders apart."""
    return hashlib.sha256("\0".join(fields).encode()).digest()[:size]
