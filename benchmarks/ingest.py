"""Rows per second and peak memory of reading reviews, per format, beside a plain reader of the same file.

    python benchmarks/ingest.py [ROWS]        default: 200,000 generated reviews per format

`read` validates every record, finds duplicates and builds Arrow batches; `warehouse` also writes them to
a DuckDB file in one transaction; `plain` only parses the file into memory (json, polars). Every cell is a
process of its own. Memory: peak resident size less the size before the file was opened, in MiB.
"""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROWS = 200_000
SEED = 20261120
FORMATS = (
    "pgraphrag",
    "amazon2023",
    "datafiniti",
    "table.csv",
    "table.jsonl",
    "table.parquet",
    "table.duckdb",
)
WAYS = ("read", "warehouse", "plain")
COLUMNS = {"user": "user", "topic": "topic", "title": "title", "text": "text", "rating": "rating"}


def reviews(rows: int) -> Iterator[dict[str, Any]]:
    """Reviews of about 60 words by as many users as a sparse corpus has."""
    rng = random.Random(SEED)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyzé", k=rng.randint(2, 9))) for _ in range(5_000)]
    for number in range(rows):
        yield {
            "user": f"u{rng.randrange(rows)}",
            "topic": f"t{rng.randrange(rows // 20 + 1)}",
            "title": " ".join(rng.choices(words, k=4)),
            "text": " ".join(rng.choices(words, k=rng.randint(20, 100))) + f" {number}",
            "rating": rng.randint(1, 5),
        }


def generate(format: str, path: Path, rows: int) -> None:
    """Write the reviews as a file of one format."""
    if format in ("table.parquet", "table.duckdb"):
        import duckdb
        import polars as pl

        frame = pl.DataFrame(list(reviews(rows)))
        if format == "table.parquet":
            frame.write_parquet(path, row_group_size=20_000)
        else:
            with duckdb.connect(str(path)) as con:
                con.register("rows", frame)
                con.execute("create table reviews as select * from rows")
        return
    with path.open("w", encoding="utf-8", newline="") as stream:
        if format == "pgraphrag":
            for number, row in enumerate(reviews(rows)):
                review = {
                    "title": row["title"],
                    "text": row["text"],
                    "rating": row["rating"],
                    "pid": row["topic"],
                }
                stream.write(",\n" if number else "[\n")
                json.dump({"id": row["user"], "profile": [review]}, stream)
            stream.write("\n]\n")
        elif format in ("amazon2023", "table.jsonl"):
            names = {"user": "user_id", "topic": "parent_asin"} if format == "amazon2023" else {}
            for number, row in enumerate(reviews(rows)):
                record = {names.get(key, key): value for key, value in row.items()}
                extra = {"timestamp": 1_500_000_000_000 + number} if format == "amazon2023" else {}
                stream.write(json.dumps(record | extra) + "\n")
        else:
            writer = csv.writer(stream)
            prefix = "reviews." if format == "datafiniti" else ""
            names = {"user": "reviews.username", "topic": "id"} if prefix else {}
            writer.writerow([names.get(key, f"{prefix}{key}") for key in COLUMNS])
            writer.writerows(row.values() for row in reviews(rows))


def plain(format: str, path: Path) -> None:
    """Parse the file into memory with what one would use in a notebook; nothing is checked."""
    import duckdb
    import polars as pl

    readers: dict[str, Callable[[], object]] = {
        "pgraphrag": lambda: json.loads(path.read_bytes()),
        "amazon2023": lambda: pl.read_ndjson(path),
        "datafiniti": lambda: pl.read_csv(path),
        "table.csv": lambda: pl.read_csv(path),
        "table.jsonl": lambda: pl.read_ndjson(path),
        "table.parquet": lambda: pl.read_parquet(path),
        "table.duckdb": lambda: duckdb.connect(str(path), read_only=True).sql("from reviews").pl(),
    }
    held = readers[format]()
    del held


def measure(format: str, way: str, path: Path) -> dict[str, float]:
    """{"seconds", "mib"} of one way to read one file, in this process."""
    import duckdb
    import polars as pl

    from models.sources import SourceSpec, read_source
    from models.sources.ingest import ingest
    from pat_dagster.assets.ingest import WarehouseStore

    pl.DataFrame({"warm": [1]}).to_arrow()
    name, _, kind = format.partition(".")
    address = f"{path}::main.reviews" if kind == "duckdb" else str(path)
    spec = SourceSpec(address, "bench", name, columns=COLUMNS if kind else None)  # type: ignore[arg-type]
    con = duckdb.connect(str(path.with_suffix(".warehouse"))) if way == "warehouse" else None
    before, started = resident("VmRSS"), time.perf_counter()
    if con is not None:
        with con:
            ingest(
                [spec], WarehouseStore(con), lambda *_: nullcontext(SimpleNamespace(update=lambda _: None))
            )
    elif way == "read":
        for _ in read_source(spec):
            pass
    else:
        plain(format, path)
    return {"seconds": time.perf_counter() - started, "mib": resident("VmHWM") - before}


def resident(field: str) -> float:
    """A memory figure of this process in MiB; its own, not its parent's as getrusage would say."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def main() -> None:
    """Generate, measure each cell in a new process, print the table."""
    if sys.argv[1:2] == ["cell"]:
        print(json.dumps(measure(sys.argv[2], sys.argv[3], Path(sys.argv[4]))))
        return
    rows = next((int(word) for word in sys.argv[1:] if word.isdecimal()), ROWS)
    heads = "".join(f"{f'{way}, rows/s':>18}{'MiB':>7}" for way in WAYS)
    print(f"{rows:,} rows\n{'format':<15}{'file MiB':>9}{heads}")
    with tempfile.TemporaryDirectory() as folder:
        for format in FORMATS:
            path = Path(folder) / f"{format}.data"
            generate(format, path, rows)
            line = f"{format:<15}{path.stat().st_size / 2**20:>9.0f}"
            for way in WAYS:
                cell = [sys.executable, __file__, "cell", format, way, str(path)]
                done = subprocess.run(cell, check=True, capture_output=True, text=True)
                figures = json.loads(done.stdout)
                line += f"{rows / figures['seconds']:>18,.0f}{figures['mib']:>7.0f}"
            print(line, flush=True)
            for file in Path(folder).iterdir():
                file.unlink()


if __name__ == "__main__":
    main()
