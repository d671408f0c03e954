"""One measurement of the year of probes in a fresh process: `probes_side.py SIDE TOLD`. TOLD gets the figures.

XUNJIAN_HOME and XUNJIAN_CONTRACT say where the year is. Only the watch may add to it.
"""

import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from datetime import UTC, date, datetime, timedelta, timezone
from io import StringIO
from pathlib import Path
from typing import Any

HOME = Path(os.environ["XUNJIAN_HOME"])
YEAR = 2025
PERIODS = {"month": (f"{YEAR}-10", date(YEAR, 10, 1), date(YEAR, 11, 1)),
           "year": (f"{YEAR}", date(YEAR, 1, 1), date(YEAR + 1, 1, 1))}  # fmt: skip
WORDS = ("unknown", "up", "down", "planned")
Figures = dict[str, Any]
Seconds = dict[str, dict[str, int]]
"""By system and by what they count as."""


def command(period: str) -> Callable[[], Figures]:
    """`xunjian availability …` as it is: whatever it imports is part of it."""

    def go() -> Figures:
        from flows.cli import main

        sys.argv = ["xunjian", "availability", period]
        with redirect_stdout(StringIO()) as said:
            try:
                main()
            except SystemExit as end:
                if end.code not in (None, 0, 1):
                    raise
        assert "业务系统10" in said.getvalue()
        return {}

    return go


def work(period: str) -> Callable[[], Figures]:
    """The same after its imports: ledger and contract are opened, and the period measured."""
    from checks.periods import period_of
    from flows import uptime
    from tasks import contract_folder
    from tasks.ledger import Ledger
    from tasks.settings import Settings

    def go() -> Figures:
        settings = Settings()
        contract = contract_folder.load(settings.contract)
        found = uptime.measured(Ledger(settings.ledger), contract, period_of(period), datetime.now(UTC))
        return {"systems": {one.system: {word: getattr(one.seconds, word) for word in WORDS} for one in found.lines}}

    return go


def bare(first: date, after: date) -> Figures:
    """Every second of the period is a byte, and what speaks of it writes there: the strongest last."""
    book = sqlite3.connect(f"file:{HOME}/ledger.db?mode=ro", uri=True)
    zone = timezone(timedelta(hours=8))
    start, end = (int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) for day in (first, after))
    planned, reported = _entered(book)
    found: Seconds = {}
    for (system,) in book.execute("SELECT DISTINCT target FROM visit ORDER BY target").fetchall():
        marks = bytearray(end - start)
        ups, alone, down = _spoken(_readings(book, system, start - 10800, end + 3600))
        for number, spans in (
            (1, ups),
            (0, alone),
            (2, [*down, *reported.get(system, [])]),
            (3, planned.get(system, [])),
        ):
            for one, other in spans:
                begin, stop = max(one, start) - start, min(other, end) - start
                if stop > begin:
                    marks[begin:stop] = bytes([number]) * (stop - begin)
        found[system] = {word: marks.count(number) for number, word in enumerate(WORDS)}
    return {"systems": found}


def _readings(book: sqlite3.Connection, system: str, start: int, end: int) -> Iterator[tuple[int, str, int]]:
    """When, what, and the interval."""
    times = [datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds") for at in (start, end)]
    question = (
        "SELECT facts FROM visit JOIN run ON run.id = run_id WHERE visit.target = ? AND at >= ? AND at < ?"
        " AND slot_id LIKE 'availability-probe/%' ORDER BY at, visit.id"
    )
    for (text,) in book.execute(question, (system, *times)):
        facts = json.loads(text)
        at = facts["first"]
        gaps = [gap for gap, number in facts["gaps"] for _ in range(number)]
        sights = [sight for sight, _, number in facts["seen"] for _ in range(number)]
        for sight, gap in zip(sights, [*gaps, 0], strict=True):
            yield at, sight, facts["every"]
            at += gap
    pending = "SELECT at, sight, every FROM probe WHERE target = ? AND at >= ? AND at < ? ORDER BY id"
    for when, sight, every in book.execute(pending, (system, *times)):
        yield int(datetime.fromisoformat(when).timestamp()), sight, every


Spans = list[tuple[int, int]]


def _spoken(readings: Iterator[tuple[int, str, int]]) -> tuple[Spans, Spans, Spans]:
    """Each reading speaks until the next, or for its interval: up, down without a second one, and down."""
    ups: Spans = []
    alone: Spans = []
    down: Spans = []
    row: Spans = []
    before = next(readings)
    for one in [*readings, (1 << 40, "up", before[2])]:
        at, sight, every = before
        span = (at, one[0] if 0 < one[0] - at <= 1.5 * every else at + every)
        if sight == "down":
            row.append(span)
        elif sight == "up":
            (down if len(row) > 1 else alone).extend(row)
            row = []
            if ups and ups[-1][1] == at:
                span = (ups.pop()[0], span[1])
            ups.append(span)
        before = one
    (down if len(row) > 1 else alone).extend(row)
    return ups, alone, down


def _entered(book: sqlite3.Connection) -> tuple[dict[str, Spans], dict[str, Spans]]:
    """Approved downtime, and what people said was down until it was restored."""
    planned: dict[str, Spans] = {}
    asked: dict[str, dict[str, Any]] = {}
    for subject, text in book.execute("SELECT subject, body FROM event WHERE kind = 'downtime' ORDER BY id"):
        body = json.loads(text)
        if body["move"] == "requested":
            asked[subject] = body
        elif body["move"] == "approved":
            start, end = (int(datetime.fromisoformat(asked[subject][name]).timestamp()) for name in ("start", "end"))
            for system in asked[subject]["systems"]:
                planned.setdefault(system, []).append((start, end))
    reported: dict[str, Spans] = {}
    systems: dict[str, str] = {}
    since: dict[str, int] = {}
    for subject, when, text in book.execute("SELECT subject, at, body FROM event WHERE kind = 'incident' ORDER BY id"):
        body, at = json.loads(text), int(datetime.fromisoformat(when).timestamp())
        if body["step"] == "discovered":
            systems[subject] = body["system"]
        elif body.get("down"):
            since.setdefault(subject, at)
        elif body["step"] == "restored" and subject in since:
            reported.setdefault(systems[subject], []).append((since.pop(subject), at))
    return planned, reported


def watch() -> Callable[[], Figures]:
    """Rounds of the watch while the last run of the year goes on: the first reads two weeks, the others go on."""
    from unittest.mock import patch

    from flows import watch as watching
    from flows.incident_board import board
    from flows.incident_drafts import draft_missing
    from flows.office import Office
    from tasks import notify
    from tasks.crypto.tls import trusting
    from tasks.ledger import Ledger
    from tasks.settings import Settings

    def go() -> Figures:
        settings = Settings()
        ledger = Ledger(settings.ledger)
        slot = ledger.slots(date(YEAR, 12, 31), date(YEAR, 12, 31))[-1]
        clock = slot.closes_at - timedelta(minutes=5)
        rounds, besides = [], []
        with (
            ledger.claimed(slot) as free,  # as the run does: or whoever opens the office would close it
            patch.object(notify, "deliver", lambda *_, **__: notify.Receipt(True, "204", 0.0)),
        ):
            assert free
            office = Office(settings)
            went = watching.Watch(office, trusting(settings.ca_dir), lambda: clock)
            for _ in range(9):
                clock += timedelta(seconds=watching.EVERY)
                began = time.perf_counter()
                went.round()
                between = time.perf_counter()
                draft_missing(office)
                board(office, clock)
                rounds.append(between - began)
                besides.append(time.perf_counter() - between)
        book = sqlite3.connect(f"file:{HOME}/ledger.db?mode=ro", uri=True)
        counts = [book.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("event", "probe")]
        return {"rounds": rounds, "besides": besides, "events": counts[0], "pending": counts[1]}

    return go


def main(side: str, told: Path) -> None:
    """Measure one side."""
    from ledger_side import cpu, peak

    what, _, how = side.partition("-")
    if what == "watch":
        go = watch()
    else:
        period, first, after = PERIODS[what]
        go = {"": lambda: command(period), "work": lambda: work(period), "bare": lambda: lambda: bare(first, after)}[
            how
        ]()
    began = time.monotonic()
    said = go()
    spent = time.monotonic() - began
    own = {"seconds": spent} if how == "work" else {}
    told.write_text(json.dumps({**said, **own, "work": spent, "cpu": cpu(), "peak_mib": peak()}), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
