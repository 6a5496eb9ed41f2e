"""Opening what users name: plain or gzip bytes, a position for the progress bar, errors with a remedy."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from models.errors import InputError

GZIP_MAGIC = b"\x1f\x8b"
CHUNK = 2**20  # bytes per read: large enough that Python's overhead does not show
MAX_LINE = 64 * 2**20  # bytes; a longer line is no record, and memory stays bounded
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class SourceFile:
    """A file that is there, is a regular file and is not empty. Holds no open handle by itself."""

    def __init__(self, path: str) -> None:
        self.name = path
        self.path = existing_file(path)
        before = self.path.stat()
        self.total_bytes = before.st_size
        self._stamp = (before.st_size, before.st_mtime_ns)
        self.position = 0

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The bytes of the file, decompressed when it is a gzip file.

        `position` follows the bytes taken from disk. A damaged gzip file raises InputError.
        """
        self.position = 0
        with self.path.open("rb") as disk:
            counted = io.BufferedReader(_Counted(disk, self), CHUNK)
            zipped = counted.peek(2)[:2] == GZIP_MAGIC
            stream: BinaryIO = gzip.GzipFile(fileobj=counted) if zipped else counted  # type: ignore[assignment]
            try:
                yield stream
            except EOFError as error:
                raise InputError(
                    "the gzip file ends too early (truncated)",
                    file=self.name,
                    remedy="copy or download it again; `gzip -t` must accept it",
                ) from error
            except (gzip.BadGzipFile, zlib.error) as error:
                raise InputError(
                    f"the gzip file is damaged ({error})",
                    file=self.name,
                    remedy="copy or download it again; `gzip -t` must accept it",
                ) from error

    def head(self, size: int) -> bytes:
        """The first `size` bytes, decompressed, without a byte order mark."""
        with self.open() as stream:
            return stream.read(size).removeprefix(codecs.BOM_UTF8)

    def first_lines(self, count: int) -> list[bytes]:
        """The first lines, decompressed, each whole unless it is longer than `MAX_LINE`."""
        with self.open() as stream:
            return [line for _, line, _ in islice(lines(stream), count)]

    def refuse_if_changed(self) -> None:
        """InputError when somebody wrote to the file since it was opened first."""
        now = self.path.stat()
        if (now.st_size, now.st_mtime_ns) != self._stamp:
            raise InputError(
                "the file changed while it was read", file=self.name, remedy="wait for its writer, then rerun"
            )


class _Counted(io.RawIOBase):
    """Reads from `disk` and moves the position of its file."""

    def __init__(self, disk: BinaryIO, file: SourceFile) -> None:
        self._disk = disk
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        count: int = self._disk.readinto(buffer)  # type: ignore[attr-defined]
        self._file.position += count
        return count


def existing_file(path: str) -> Path:
    """`path` as a readable, non-empty regular file, or InputError that says which of these it is not."""
    file = Path(path).expanduser()
    try:
        if not file.exists():
            raise InputError("no such file", file=path, remedy="check the name and the working folder")
        if file.is_dir():
            raise InputError(
                "this is a directory", file=path, remedy="name one file; add each file by itself"
            )
        if not file.is_file():
            raise InputError("this is not a regular file", file=path, remedy="save the data to a file first")
        if file.stat().st_size == 0:
            raise InputError("the file is empty", file=path, remedy="copy or download it again")
        with file.open("rb"):
            pass
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", file=path, remedy="check its name and its permissions"
        ) from error
    return file


def sha256_of(*paths: Path) -> str:
    """SHA-256 of the bytes of the files, one after the other, in hex."""
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                total.update(chunk)
    return total.hexdigest()


def lines(stream: BinaryIO, strip: bool = True) -> Iterator[tuple[int, bytes, bool]]:
    """(number from 1, line, whether it was cut at `MAX_LINE`) for every line, its end stripped or not.

    Lines are split at LF alone and stay bytes, so numbers are right whatever the bytes are.
    """
    number = 0
    while line := stream.readline(MAX_LINE):
        number += 1
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        cut = len(line) == MAX_LINE and not line.endswith(b"\n")
        if cut:
            while (rest := stream.readline(CHUNK)) and not rest.endswith(b"\n"):
                pass
        yield number, line.rstrip(b"\r\n") if strip else line, cut


def refuse_utf16(name: str, head: bytes) -> None:
    """InputError for a file that starts with the byte order mark of UTF-16."""
    if head.startswith(UTF16_MARKS):
        raise InputError(
            "the file is UTF-16", file=name, remedy="convert it: iconv -f UTF-16 -t UTF-8 FILE > NEW"
        )
