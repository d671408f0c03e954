"""The processes that kills.py kills. One process imports everything, starts nothing, and forks one victim per order.

Orders come as lines of JSON on stdin; the victim's pid and, when it has died, how it died, go to stdout. A victim runs
one real flow. Before and after each step that matters it writes a line to its journal, with one unbuffered write: what
stands there has happened, whatever becomes of the process. Orphans of a victim become this process's children, so that
nobody has to guess whose they are.
"""

import asyncio
import ctypes
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial, wraps
from pathlib import Path
from threading import Lock
from typing import Any

from prefect import tags
from sqlalchemy.engine.default import DefaultDialect

import checks.notices
import flows.availability_probe
import flows.ledger_backup
import flows.report_files
import flows.retention
import flows.watch
import tasks.ledger.backup
import tasks.notify
from checks.contract import Term
from flows.audit_verify import audit_verify
from flows.availability_probe import AvailabilityProbe, availability_probe, probe_until
from flows.caller import CATCH_UP
from flows.catch_up import catch_up
from flows.coverage import coverage
from flows.excuse import Excuse, excuse
from flows.host_inspection import HostInspection, host_inspection
from flows.incident_entry import FaultCall, IncidentProgress, fault_call, incident_progress
from flows.ledger_backup import ledger_backup
from flows.manual_confirmation import Confirmation, manual_confirmation
from flows.page_inspection import PageInspection, page_inspection
from flows.planned_downtime import (
    DowntimeDecision,
    PlannedDowntime,
    SupportPeriodForm,
    SupportPreparation,
    downtime_decision,
    planned_downtime,
    support_period,
    support_preparation,
)
from flows.retention import retention
from tasks.browser.visitor import Visitor
from tasks.evidence import Store
from tasks.ledger import Ledger
from tasks.ssh import Network

FLOWS: dict[str, tuple[Any, Any]] = {
    "page-inspection": (page_inspection, PageInspection),
    "host-inspection": (host_inspection, HostInspection),
    "manual-confirmation": (manual_confirmation, Confirmation),
    "coverage": (coverage, None),
    "excuse": (excuse, Excuse),
    "audit-verify": (audit_verify, None),
    "ledger-backup": (ledger_backup, None),
    "retention": (retention, None),
    "catch-up": (catch_up, None),
    "availability-probe": (availability_probe, AvailabilityProbe),
    "fault-call": (fault_call, FaultCall),
    "incident-progress": (incident_progress, IncidentProgress),
    "planned-downtime": (planned_downtime, PlannedDowntime),
    "downtime-decision": (downtime_decision, DowntimeDecision),
    "support-period": (support_period, SupportPeriodForm),
    "support-preparation": (support_preparation, SupportPreparation),
}
STEPS = {"commit": (DefaultDialect, "do_commit"), "fsync": (os, "fsync"), "rename": (os, "rename"),
         "replace": (os, "replace"), "unlink": (os, "unlink"), "deliver": (tasks.notify, "deliver")}  # fmt: skip
"""After each of these the disk is another, or somebody has been told."""
PLACES = {"page": (Visitor, "visit"), "ssh": (Network, "exchange"), "evidence": (Store, "keep"),
          "report": (flows.report_files, "render"), "backup": (flows.ledger_backup, "back_up"),
          "restore": (tasks.ledger.backup, "rehearse"), "probe": (Ledger, "probed"),
          "watch": (flows.watch.Watch, "round"), "notice": (tasks.notify, "deliver")}  # fmt: skip
"""Where a victim may be when it is killed."""

_PR_SET_CHILD_SUBREAPER = 36


class Journal:
    """What a victim has done, a line each; and the step at which it kills itself."""

    def __init__(self) -> None:
        self._file, self._fatal = -1, ("", 0)
        self.steps: Counter[str] = Counter()
        self._lock = Lock()

    def open(self, path: str, fatal: tuple[str, int]) -> None:
        """Start: from now on everything is told."""
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._fatal = fatal

    def tell(self, what: str, **more: Any) -> None:
        """Put a line where a killed process cannot take it back."""
        line = {"t": time.monotonic(), "what": what, **more}
        os.write(self._file, json.dumps(line, ensure_ascii=False).encode() + b"\n")

    def step(self, name: str) -> None:
        """Count it, and die if it is the one."""
        with self._lock:
            self.steps[name] += 1
            if (name, self.steps[name]) == self._fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def place(self, name: str) -> Iterator[None]:
        """Say where we are."""
        self.tell("enter", place=name)
        yield
        self.tell("leave", place=name)


JOURNAL = Journal()


def watch() -> None:
    """Have the steps, the places and the ledger's answers told."""
    told = tasks.notify.deliver

    def delivered(channel: Any, message: Any, *words: Any, **more: Any) -> Any:
        receipt = told(channel, message, *words, **more)
        JOURNAL.tell("delivered", channel=channel.id, message=message.id, ok=receipt.ok)
        return receipt

    tasks.notify.deliver = delivered
    for name, (owner, attribute) in STEPS.items():
        setattr(owner, attribute, _step(name, getattr(owner, attribute)))
    for name, (owner, attribute) in PLACES.items():
        setattr(owner, attribute, _place(name, getattr(owner, attribute)))
    begin, add, end, enter, probe = Ledger.begin, Ledger.add, Ledger.end, Ledger.enter, Ledger.probed

    def began(self: Ledger, slot: Any, **more: Any) -> str:
        run = begin(self, slot, **more)
        JOURNAL.tell("begun", run=run, slot=slot.id)
        return run

    def added(self: Ledger, run: str, target: str, attempt: int, findings: Any, **more: Any) -> None:
        said = [[one.check, one.state, one.reason, one.summary] for one in findings]
        files = [one.path for one in more["evidence"]]
        JOURNAL.tell("handed", run=run, target=target, attempt=attempt, findings=said, files=files)
        add(self, run, target, attempt, findings, **more)
        JOURNAL.tell("recorded", run=run, target=target, attempt=attempt)
        if more.get("outcome"):
            JOURNAL.tell("closed", run=run, outcome=more["outcome"])

    def ended(self: Ledger, run: str, outcome: Any, now: datetime) -> None:
        end(self, run, outcome, now)
        JOURNAL.tell("closed", run=run, outcome=outcome)

    def entered(self: Ledger, event: Any, now: datetime, **more: Any) -> int | None:
        number = enter(self, event, now, **more)
        if number is not None:
            JOURNAL.tell("entered", number=number, kind=event.kind, subject=event.subject)
        return number

    def probed(self: Ledger, run: str, target: str, every: int, reading: Any) -> None:
        taken = [int(reading.at.timestamp()), reading.sight, reading.ms, reading.fault]
        JOURNAL.tell("probing", run=run, target=target, reading=taken)
        probe(self, run, target, every, reading)
        JOURNAL.tell("probed", run=run, target=target, reading=taken)

    Ledger.probed = probed  # type: ignore[method-assign]
    Ledger.begin, Ledger.add, Ledger.end, Ledger.enter = began, added, ended, entered  # type: ignore[method-assign,assignment]


def _step(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def stepped(*words: Any, **more: Any) -> Any:
        JOURNAL.step(f"before {name}")
        answer = original(*words, **more)
        JOURNAL.step(f"after {name}")
        return answer

    return stepped


def _place(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def placed(*words: Any, **more: Any) -> Any:
        with JOURNAL.place(name):
            return original(*words, **more)

    return placed


def long_ago(until: datetime) -> None:
    """Let what was kept before `until` have expired: nobody can wait two years for it."""
    expired = flows.retention.expired

    def already(files: Any, versions: Any, today: Any) -> dict[str, str]:
        contract = versions[-1][1]
        term = Term(start=datetime(2001, 1, 1).date(), end=datetime(2001, 12, 31).date())
        old = (datetime(2001, 1, 1, tzinfo=UTC), contract.model_copy(update={"term": term}))
        return expired(files, [old, (until, contract)], today)

    flows.retention.expired = already


def hurry() -> None:
    """What takes minutes otherwise, so that nobody has to wait for it."""
    flows.availability_probe.probe_until = partial(probe_until, rounds=1.0)
    checks.notices._TOGETHER = timedelta(seconds=2)
    checks.notices._AGAIN = timedelta(seconds=1)
    checks.notices._ROUND = timedelta(seconds=3)


def for_seconds(seconds: float) -> None:
    """Let the probe end after a while, and not with its hour."""
    flows.availability_probe.end_of_hour = lambda at: at + timedelta(seconds=seconds)


def live(order: dict[str, Any]) -> None:
    """A victim's whole life."""
    for number, name, flags in ((0, os.devnull, os.O_RDONLY), *((n, order["log"], os.O_WRONLY) for n in (1, 2))):
        os.dup2(os.open(name, flags | os.O_CREAT | os.O_APPEND, 0o600), number)
    os.setsid()
    JOURNAL.open(order["journal"], tuple(order["fatal"]))
    if order["expired_until"]:
        long_ago(datetime.fromisoformat(order["expired_until"]))
    if order["seconds"]:
        for_seconds(order["seconds"])
    flow, form = FLOWS[order["flow"]]

    with tags(CATCH_UP) if order["unasked"] else nullcontext():
        JOURNAL.tell("called")
        state = flow(*([form(**order["form"])] if form else []), return_state=True)
        if asyncio.iscoroutine(state):
            state = asyncio.run(state)
    JOURNAL.tell("ended", type=state.type, name=state.name, message=state.message, steps=JOURNAL.steps)


def main() -> None:
    """Fork a victim per line, and say how it ended."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    watch()
    hurry()
    threads = list(Path("/proc/self/task").iterdir())
    if len(threads) != 1:
        raise SystemExit("有线程在运行，不能分叉")
    print("ready", flush=True)  # noqa: T201
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                live(json.loads(line))
                code = 0
            except BaseException as error:
                JOURNAL.tell("broke", error=repr(error))
            finally:
                os._exit(code)
        print(pid, flush=True)  # noqa: T201
        print(os.waitpid(pid, 0)[1], flush=True)  # noqa: T201
        while _reap():
            pass


def _reap() -> bool:
    """Whether there was an orphan that has ended."""
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


if __name__ == "__main__":
    main()
