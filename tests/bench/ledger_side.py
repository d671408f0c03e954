"""One measurement of the ledger in a fresh process: `ledger_side.py SIDE TOLD FOLDER MONTH`. TOLD gets the figures.

XUNJIAN_HOME and XUNJIAN_CONTRACT say where the year is. Nothing is added to it.
"""

import hashlib
import json
import os
import resource
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HOME = Path(os.environ["XUNJIAN_HOME"])
TABLES = ("slot", "run", "run_end", "visit", "finding", "evidence", "event", "seal")
Figures = dict[str, Any]


def command(*words: str, makes: Path | None = None) -> Callable[[], Figures]:
    """`xunjian …` as it is: whatever it imports is part of it."""

    def go() -> Figures:
        from flows.cli import main

        sys.argv = ["xunjian", *words]
        try:
            main()
        except SystemExit as end:
            if end.code not in (None, 0, 1):
                raise
        made = sum(file.stat().st_size for file in makes.glob("*.zip")) if makes and makes.is_dir() else 0
        return {"bytes": makes.stat().st_size if makes and makes.is_file() else made}

    return go


def verify_work() -> Callable[[], Figures]:
    """The same after its imports."""
    from tasks.ledger.audit import stored
    from tasks.ledger.verify import verify
    from tasks.settings import Settings

    def go() -> Figures:
        settings = Settings()
        with stored(settings.ledger, settings.evidence_dir) as book:
            verdict = verify(book)
        assert not verdict.problems, verdict.problems[:5]
        return {"counted": verdict.counted}

    return go


def coverage_work(month: str) -> Callable[[], Figures]:
    """The same after its imports: the ledger is opened, and the month judged."""
    from datetime import UTC, datetime

    from checks.periods import period_of
    from flows.standing import standing
    from tasks.ledger import Ledger
    from tasks.settings import Settings

    def go() -> Figures:
        found = standing(Ledger(Settings().ledger), period_of(month), datetime.now(UTC))
        return {"counts": found.total()._asdict()}

    return go


def verify_bare() -> Figures:
    """Every row's canonical JSON and every file's bytes, hashed, and nothing made of it."""
    book = sqlite3.connect(f"file:{HOME}/ledger.db?mode=ro", uri=True)
    book.row_factory = sqlite3.Row
    for table in TABLES:
        for row in book.execute(f"SELECT * FROM {table}"):
            kept = {name: value for name, value in dict(row).items() if value is not None}
            text = json.dumps(kept, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
            hashlib.sha256(text.encode()).hexdigest()
    for (path,) in book.execute("SELECT path FROM evidence"):
        hashlib.sha256((HOME / "evidence" / path).read_bytes()).hexdigest()
    return {}


def coverage_bare(month: str) -> Figures:
    """How many slots of the month have a run that came to an end."""
    book = sqlite3.connect(f"file:{HOME}/ledger.db?mode=ro", uri=True)
    question = (
        "SELECT slot.duty, slot.target, count(DISTINCT slot.id), count(DISTINCT run_end.run_id), count(finding.id)"
        " FROM slot LEFT JOIN run ON run.slot_id = slot.id LEFT JOIN run_end ON run_end.run_id = run.id"
        " LEFT JOIN finding ON finding.run_id = run.id AND finding.state <> 'UNKNOWN'"
        " WHERE slot.duty <> 'availability-probe' AND slot.day LIKE ? GROUP BY slot.duty, slot.target"
    )
    return {"counts": book.execute(question, (f"{month}%",)).fetchall()}


def start(month: str) -> Callable[[], Figures]:
    """What every start does with a ledger that is a year old, and what duties and reports ask of it; milliseconds."""
    from datetime import date, timedelta

    from checks.slots import HOST_INSPECTION, PAGE_INSPECTION
    from checks.visit import HostVisit
    from flows import standing
    from tasks import contract_folder
    from tasks.ledger import Ledger
    from tasks.settings import Settings

    def go() -> Figures:
        settings = Settings()
        contract = contract_folder.load(settings.contract)
        ledger = Ledger(settings.ledger)
        latest = ledger.last_day((PAGE_INSPECTION,))
        assert latest
        from datetime import UTC, datetime, time

        evening = datetime.combine(latest, time(22), contract.tz).astimezone(UTC)
        first = date.fromisoformat(f"{month}-01")

        def timed(act: Callable[[], Any]) -> float:
            taken = []
            for _ in range(5):
                began = time_now()
                act()
                taken.append(time_now() - began)
            return sorted(taken)[2] * 1000

        host = contract.all_hosts()[0].host.name
        folder = settings.contract
        opening = {
            "record_contract": lambda: standing.record_contract(ledger, folder, contract, evening),
            "close_cut_off": lambda: ledger.close_cut_off(evening),
            "put_on_record": lambda: standing.put_on_record(ledger, evening),
        }
        asking = {
            "Ledger()": lambda: Ledger(settings.ledger),
            "Ledger.runs：页面，一日": lambda: ledger.runs(PAGE_INSPECTION, first, first),
            "Ledger.runs：主机，一周": lambda: ledger.runs(HOST_INSPECTION, first, first + timedelta(days=6)),
            "Ledger.looks：一日": lambda: ledger.looks([PAGE_INSPECTION], first, first),
            "Ledger.past": lambda: ledger.past(HOST_INSPECTION, host, HostVisit),
            "Ledger.head": ledger.head,
        }
        return {
            "opening": {name: timed(act) for name, act in opening.items()},
            "asking": {name: timed(act) for name, act in asking.items()},
        }

    time_now = time.perf_counter
    return go


def sizes(scratch: Path) -> Figures:
    """What a year takes on the disk, what evidence of the real size would, and how fast that is read."""
    from year import REAL_EVIDENCE

    from checks.slots import AVAILABILITY_PROBE
    from tasks.ledger.audit import Stored

    book = sqlite3.connect(f"file:{HOME}/ledger.db?mode=ro", uri=True)
    rows = {table: book.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}
    kinds = book.execute("SELECT kind, count(*), sum(size) FROM evidence GROUP BY kind").fetchall()
    probes = f"SELECT id FROM run WHERE slot_id LIKE '{AVAILABILITY_PROBE}/%'"
    taken = 0
    for table, key in (("run", "id"), ("run_end", "run_id"), ("visit", "run_id"), ("seal", "subject")):
        columns = [row[1] for row in book.execute(f"PRAGMA table_info({table})")]
        width = " + ".join(f"coalesce(length(CAST({column} AS BLOB)), 0)" for column in columns)
        taken += book.execute(f"SELECT sum({width}) FROM {table} WHERE {key} IN ({probes})").fetchone()[0]
    count = book.execute(
        "SELECT sum(json_array_length(facts, '$.ms')) FROM visit JOIN run ON run.id = run_id"
        f" WHERE slot_id LIKE '{AVAILABILITY_PROBE}/%'"
    ).fetchone()[0]
    try:
        tables = dict(book.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 12"))
    except sqlite3.OperationalError:
        tables = {}
    samples, each = [scratch / f"sample-{number}" for number in range(1000)], REAL_EVIDENCE["screenshot"]
    for sample in samples:
        sample.write_bytes(os.urandom(each))
    stored = object.__new__(Stored)
    stored.evidence_dir = scratch
    began = time.monotonic()
    for sample in samples:
        stored.file_sha256(sample.name)
    hashing = len(samples) * each / (time.monotonic() - began)
    for sample in samples:
        sample.unlink()
    return {
        "ledger": (HOME / "ledger.db").stat().st_size,
        "rows": sum(rows.values()),
        "by_table": rows,
        "files": sum(count for _, count, _ in kinds),
        "evidence": sum(size for _, _, size in kinds),
        "real_evidence": sum(
            count * REAL_EVIDENCE[kind] if kind in REAL_EVIDENCE else size for kind, count, size in kinds
        ),
        "probes": count,
        "probe_bytes": taken,
        "hashing": hashing,
        "tables": tables,
    }


def peak() -> float:
    """This process's highest resident set, in MiB. `ru_maxrss` would remember the process that started this one."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(side: str, told: Path, scratch: Path, month: str) -> None:
    """Measure one side."""
    backup, package = scratch / "backup", scratch / "export.zip"
    makers: dict[str, Callable[[], Callable[[], Figures]]] = {
        "verify": lambda: command("audit", "verify"),
        "coverage": lambda: command("coverage", month),
        "export-month": lambda: command("audit", "export", "--period", month, "--out", str(package), makes=package),
        "export-year": lambda: command("audit", "export", "--out", str(package), makes=package),
        "backup": lambda: command("ledger", "backup", "--to", str(backup), makes=backup),
        "verify-work": verify_work,
        "coverage-work": lambda: coverage_work(month),
        "verify-bare": lambda: verify_bare,
        "coverage-bare": lambda: lambda: coverage_bare(month),
        "start": lambda: start(month),
        "sizes": lambda: lambda: sizes(scratch),
    }
    go = makers[side]()
    began = time.monotonic()
    said = go()
    work = time.monotonic() - began
    own = {"seconds": work} if side.endswith("-work") else {}
    told.write_text(json.dumps({**said, **own, "work": work, "cpu": cpu(), "peak_mib": peak()}), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
