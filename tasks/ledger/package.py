"""A ledger as one ZIP: for an auditor, who runs the `verify.py` in it, and as the ledger's own backup.

manifest.json, seals.jsonl (the whole chain), rows/<table>.jsonl, evidence/, verify.py. A line is the canonical JSON of
a row, so that its digest can be taken from the file itself.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import text

from checks import os_words
from checks.records import DOCUMENT, REGRADE, REMOVAL
from tasks.ledger import verify
from tasks.ledger.audit import Stored
from tasks.ledger.engine import LedgerError, name_of, opened, translated
from tasks.ledger.tables import SEALED, SealRow

_BATCH = 1000
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # a ZIP needs a time for each file; the manifest has the true one


class Period(NamedTuple):
    """The days, both included, on which something was sealed, in a zone."""

    first: date
    last: date
    zone: ZoneInfo


class Exported(NamedTuple):
    """What was written."""

    path: Path
    head: str
    rows: int
    files: int


def export(
    book: Stored,
    out: Path,
    now: datetime,
    *,
    period: Period | None = None,
    with_evidence: bool = True,
    sign: Callable[[bytes], bytes] | None = None,
) -> Exported:
    """Write a package, whole or not at all.

    Args:
        period: only the rows sealed in it; the chain is always whole.
        sign: makes a detached signature over manifest.json.

    Raises:
        LedgerError: the ledger cannot be read, nothing was sealed in the period, or the file cannot be written.
    """
    covered = _covered(book, period)
    with _written(out) as package:
        hashes: dict[str, str] = {}
        head, wanted = _seals(book, covered, package, hashes)
        rows, paths = 0, set()
        for table in SEALED:
            with _entry(package, f"rows/{table}.jsonl", hashes) as write:
                for row in book.rows(table):
                    if period and (table, row[verify.KEYS[table]]) not in wanted:
                        continue
                    write(verify.canonical(row) + b"\n")
                    rows += 1
                    if table == "evidence":
                        paths.add(row["path"])
                    elif table == "event" and row["kind"] == REGRADE:
                        paths.add(json.loads(row["body"])["to"]["path"])
                    elif table == "event" and row["kind"] == DOCUMENT:
                        paths |= {kept["path"] for kept in [json.loads(row["body"]).get("evidence")] if kept}
        files = 0
        for path in sorted(paths) if with_evidence else []:
            if (book.evidence_dir / path).is_file():  # what is missing, verify.py will say
                package.write(book.evidence_dir / path, f"evidence/{path}", zipfile.ZIP_STORED)
                files += 1
        script = Path(verify.__file__).read_bytes()
        _put(package, "verify.py", script)
        manifest = {
            "format": 1,
            "exported_at": now.astimezone(UTC).isoformat(timespec="seconds"),
            "period": f"{period.first} – {period.last}" if period else "",
            "head": head,
            "seals": covered,
            "evidence": with_evidence,
            "sha256": {**hashes, "verify.py": hashlib.sha256(script).hexdigest()},
        }
        raw = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
        _put(package, "manifest.json", raw)
        if sign:
            _put(package, "manifest.json.sig", sign(raw))
    return Exported(out, head, rows, files)


def restore(package: Path, url: str) -> str:
    """Fill an empty ledger from a package of the whole; returns the chain's head.

    Raises:
        LedgerError: the package is not whole or not sound, there is a ledger already, or it cannot be written.
    """
    try:
        book = verify.Package(package)
        if book.manifest["period"]:
            raise LedgerError(f"{package} 只含一段时间的记录，不能用来恢复；请用 xunjian ledger backup 做的备份")
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise LedgerError(f"{package} 不是台账的备份，或已损坏：{error}") from error
    engine = opened(url)
    with translated("恢复", name_of(engine)), engine.begin() as connection:
        if (
            connection.execute(text("SELECT 1 FROM seal")).first()
            or connection.execute(text("SELECT 1 FROM slot")).first()
        ):
            raise LedgerError(f"{name_of(engine)} 里已有记录；恢复只写到空的台账，请另指一个")
        for table in (*SEALED, "seal"):
            columns = list(SealRow.metadata.tables[table].columns.keys())
            marks = ", ".join(f":{column}" for column in columns)
            insert = text(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})")  # noqa: S608
            rows = book.seals() if table == "seal" else book.rows(table)
            for some in _in_batches({column: row.get(column) for column in columns} for row in rows):
                connection.execute(insert, some)
            if table in verify.NUMBERED and connection.dialect.name != "sqlite":
                sequence = f"SELECT setval(:name, max(id)) FROM {table} HAVING max(id) IS NOT NULL"  # noqa: S608
                connection.execute(text(sequence), {"name": f"{table}_id_seq"})
    engine.dispose()
    if book.broken:
        raise LedgerError(f"{package} 有损坏：{book.broken[0]}；恢复出来的台账不可信，请换一份备份")
    return str(book.manifest["head"])


def _covered(book: Stored, period: Period | None) -> list[tuple[int, int]]:
    """The seals, from and to, made in the period, and those of later events that say where its evidence went."""
    if not period:
        return [(1, max((seal["seq"] for seal in book.seals()), default=0))]
    made = [
        seal
        for seal in book.seals()
        if period.first <= datetime.fromisoformat(seal["at"]).astimezone(period.zone).date() <= period.last
    ]
    if not made:
        raise LedgerError(f"{period.first} 至 {period.last} 没有封存过任何记录，无可导出")
    first, last = made[0]["seq"], made[-1]["seq"]
    files = {key for seal in made for key, _ in json.loads(seal["rows"]).get("evidence", ())}
    paths = {row["path"] for row in book.rows("evidence") if row["id"] in files}
    later = set()
    for row in book.rows("event"):
        body = json.loads(row["body"]) if row["kind"] in (REMOVAL, REGRADE) else {}
        if paths.intersection(body.get("files", ())):
            later.add(row["id"])
            paths.update([body["to"]["path"]] if row["kind"] == REGRADE else [])
    events = {
        seal["seq"] for seal in book.seals() for key, _ in json.loads(seal["rows"]).get("event", ()) if key in later
    }
    return [(first, last), *((seq, seq) for seq in sorted(events) if not first <= seq <= last)]


def _seals(
    book: Stored, covered: list[tuple[int, int]], package: zipfile.ZipFile, hashes: dict[str, str]
) -> tuple[str, set[tuple[str, Any]]]:
    """Write the whole chain. Returns its head, and the rows that the covered seals list."""
    head, wanted = "", set[tuple[str, Any]]()
    with _entry(package, "seals.jsonl", hashes) as write:
        for seal in book.seals():
            write(verify.canonical(seal) + b"\n")
            head = f"{seal['seq']}:{seal['hash']}"
            if any(first <= seal["seq"] <= last for first, last in covered):
                wanted.update((table, key) for table, rows in json.loads(seal["rows"]).items() for key, _ in rows)
    return head, wanted


@contextmanager
def _written(out: Path) -> Iterator[zipfile.ZipFile]:
    partial = out.with_name(f".{out.name}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package:
                yield package
            file.flush()
            os.fsync(file.fileno())
        partial.rename(out)
    except OSError as error:
        raise LedgerError(f"写不进 {out}：{os_words.say(error)}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def _entry(package: zipfile.ZipFile, name: str, hashes: dict[str, str]) -> Iterator[Callable[[bytes], None]]:
    digest = hashlib.sha256()
    info = zipfile.ZipInfo(name, _LONG_AGO)
    info.compress_type = zipfile.ZIP_DEFLATED
    with package.open(info, "w", force_zip64=True) as file:

        def write(line: bytes) -> None:
            digest.update(line)
            file.write(line)

        yield write
    hashes[name] = digest.hexdigest()


def _put(package: zipfile.ZipFile, name: str, content: bytes) -> None:
    package.writestr(zipfile.ZipInfo(name, _LONG_AGO), content, zipfile.ZIP_DEFLATED)


def _in_batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    some: list[dict[str, Any]] = []
    for row in rows:
        some.append(row)
        if len(some) == _BATCH:
            yield some
            some = []
    if some:
        yield some
