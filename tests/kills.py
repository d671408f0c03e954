"""`make kills`: flows are killed with SIGKILL at random instants; after each, the ledger is held to what it had said.

Real flows, a real browser and real SSH against the practice estate, on a real Prefect server; victims are forked by
kills_victim.py from a process that has everything imported, so that the time goes into kills and not into imports. A
victim is killed from outside after a random time since its call or since it came to a place, or kills itself just
before or after the n-th commit, fsync or renaming. Then comes the next start; some of those are victims themselves.
"""

import argparse
import hashlib
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import psutil  # type: ignore[import-untyped]
import sqlalchemy as sa
from estate_client import find_base_port
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings
from rich.console import Console
from rich.table import Table

from checks.coverage import Mark
from checks.finding import Reason, State
from checks.periods import Period
from checks.records import INTERRUPTED, REMOVAL
from checks.slots import host_slots, page_slots, week_of
from flows import deployments
from flows.caller import UNASKED
from flows.office import Office, now
from flows.standing import no_more_to_do, standing
from rehearsal.estate import Estate
from rehearsal.sample import copy_contract
from tasks import contract_folder
from tasks.ledger.audit import stored
from tasks.ledger.backup import rehearse
from tasks.ledger.verify import Package, verify
from tasks.prefect_server import Prefect, api_url, environment
from tasks.settings import Settings

DESK = """id: desk
name: 窗口系统
url: https://127.0.0.1:1
journeys: [{ id: queue, title: 叫号, semi_manual: true }]
"""
LIMITS = "limits: { warn: 40, crit: 50, down: 60 }"
WEIGHTS = {"page-inspection": 8, "host-inspection": 7, "manual-confirmation": 2, "coverage": 1, "excuse": 1,
           "audit-verify": 1, "ledger-backup": 3, "retention": 2, "catch-up": 1}  # fmt: skip
PLACES = {"page-inspection": ("page", "page", "evidence", "report"),
          "host-inspection": ("ssh", "ssh", "evidence", "report"),
          "manual-confirmation": ("report",), "ledger-backup": ("backup", "restore")}  # fmt: skip
WORDS = {"page": "页面走查中", "ssh": "SSH 问答中", "evidence": "存证据中", "report": "写报告中", "backup": "备份中",
         "restore": "恢复核对中", "commit": "提交", "fsync": "落盘", "rename": "改名", "replace": "换名",
         "unlink": "删除", "before": "前", "after": "后"}  # fmt: skip
FIRST_GUESS = {"page-inspection": 6.0, "host-inspection": 5.0, "manual-confirmation": 4.0, "ledger-backup": 2.0}
STUCK = 240.0  # seconds
VICTIM = "victim"  # as PostgreSQL knows them
FORMATS = {".md", ".html", ".pdf", ".docx"}

out = Console(width=120 if not sys.stdout.isatty() else None, highlight=False)
Key = tuple[str, str, int]  # run, target, attempt


class Instant(NamedTuple):
    """When a victim dies: after a while, since its call or the n-th arrival at a place; or at a step of its own."""

    title: str
    place: str = ""
    nth: int = 1
    share: float = 0.0  # of how long the flow or the place last took
    fatal: tuple[str, int] = ("", 0)


class Victim:
    """One forked process, and what its journal says."""

    def __init__(self, order: dict[str, Any], pid: int) -> None:
        self.order, self.pid = order, pid
        self.killed, self.died = False, 0.0
        self.lines: list[dict[str, Any]] = []
        self._read = 0

    def look(self) -> list[dict[str, Any]]:
        """The journal so far; a last line that the kill cut through is none."""
        with suppress(FileNotFoundError), Path(self.order["journal"]).open("rb") as file:
            file.seek(self._read)
            whole, newline, _ = file.read().rpartition(b"\n")
            self._read += len(whole + newline)
            self.lines += [json.loads(line) for line in whole.splitlines()]
        return self.lines

    def of(self, what: str) -> list[dict[str, Any]]:
        """Its lines of a kind."""
        return [line for line in self.lines if line["what"] == what]

    @property
    def lived(self) -> float:
        """Seconds from its call to its death."""
        called = self.of("called")
        return max(0.0, self.died - called[0]["t"]) if called else 0.0

    @property
    def places(self) -> Counter[str]:
        """Where it is, by its threads."""
        count = Counter(line["place"] for line in self.of("enter"))
        count.subtract(line["place"] for line in self.of("leave"))
        return +count


class Nursery:
    """The process that forks victims."""

    def __init__(self, variables: Mapping[str, str], log: Path) -> None:
        paths = f"{Path(__file__).parent}:{Path(__file__).parents[1]}"
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("kills_victim.py"))],
            env={**os.environ, **variables, "PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip
        self._buffer = b""
        if self._line(STUCK) != "ready":
            raise SystemExit(f"没有启动成功，见 {log}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(60)
        self._log.close()

    def fork(self, order: dict[str, Any]) -> Victim:
        """Start a victim."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        return Victim(order, int(self._line(STUCK)))

    def status(self, patience: float) -> int | None:
        """How the victim ended; None if it lives."""
        line = self._line(patience)
        return int(line) if line else None

    def orphans(self) -> list[psutil.Process]:
        """Processes that a victim left behind and that still run."""
        return [one for one in psutil.Process(self._process.pid).children(recursive=True) if _alive(one)]

    def _line(self, patience: float) -> str:
        assert self._process.stdout
        end = time.monotonic() + patience
        while b"\n" not in self._buffer:
            left = end - time.monotonic()
            if left < 0 or not select.select([self._process.stdout], [], [], left)[0]:
                return ""
            got = os.read(self._process.stdout.fileno(), 4096)
            if not got:
                raise SystemExit("分叉进程意外结束")
            self._buffer += got
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode()


def _alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


class Book:
    """What victims were told is on record, and what was found there; each is held against the other."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.problems: list[str] = []
        self.begun: dict[str, str] = {}  # run: slot
        self.handed: dict[Key, Counter[tuple[str, ...]]] = {}
        self.recorded: set[Key] = set()
        self.closed: dict[str, str] = {}  # run: outcome
        self.entered: dict[int, tuple[str, str]] = {}  # event: kind, subject
        self.lost = self.doubled = self.starts = self.cut_off = 0
        self.acknowledged = 0
        self.office: Office | None = None
        self._rows: dict[str, dict[Any, tuple[Any, ...]]] = {}
        self._head = ""
        self._engine = sa.create_engine(settings.ledger, poolclass=sa.NullPool)

    def told(self, victim: Victim) -> None:
        """Remember what a victim has been told."""
        for line in victim.look():
            if line["what"] == "begun":
                self.begun[line["run"]] = line["slot"]
            elif line["what"] == "closed":
                self.closed[line["run"]] = line["outcome"]
            elif line["what"] == "entered":
                self.entered[line["number"]] = (line["kind"], line["subject"])
            elif line["what"] in ("handed", "recorded"):
                key = (line["run"], line["target"], line["attempt"])
                if line["what"] == "handed":
                    self.handed[key] = Counter(tuple(f"{word}" for word in one) for one in line["findings"])
                else:
                    self.recorded.add(key)
                    self.acknowledged += self.handed[key].total()

    def start(self) -> int:
        """The next start: what was begun is closed. Then everything is checked; returns how many runs it closed."""
        self._without_dead_sessions()
        before = self._open_runs()
        self.office = Office(self.settings)
        self.starts += 1
        closed = self.office.cut_off
        self.cut_off += len(closed)
        self.expect(sorted(closed) == sorted(before.values()), f"关闭的 {closed} 不是没有结束的 {before}")
        self.expect(not self._open_runs(), "还有没有关闭的运行")
        ends = dict(self.rows("SELECT run_id, outcome FROM run_end"))
        self.expect(all(ends.get(run) == INTERRUPTED for run in before), "被杀的运行没有记为中断")
        self._check_told(ends)
        self._check_unchanged()
        self._check_chain()
        self._check_files()
        self._check_marks()
        return len(closed)

    def rows(self, question: str) -> list[Any]:
        """Ask the database, not the product."""
        with self._engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(question))]

    def expect(self, fine: bool, problem: str) -> None:
        """Otherwise it is a problem."""
        if not fine:
            self.problems.append(problem)
            out.print(f"    问题：{problem}", style="bold red", markup=False)

    def _open_runs(self) -> dict[str, str]:
        question = "SELECT id, slot_id FROM run WHERE NOT EXISTS (SELECT 1 FROM run_end WHERE run_id = id)"
        with suppress(sa.exc.DatabaseError):  # killed before there was a schema
            return dict(self.rows(question))
        return {}

    def _without_dead_sessions(self) -> None:
        """PostgreSQL sees within milliseconds that a client has died, a program needs seconds to start again."""
        if self._engine.dialect.name == "sqlite":
            return
        question = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{VICTIM}'"
        end = time.monotonic() + 10
        while self.rows(question) != [(0,)] and time.monotonic() < end:
            time.sleep(0.02)

    def _check_told(self, ends: Mapping[str, str]) -> None:
        """What was acknowledged is there, once; what was not is there as a whole or not at all."""
        runs = dict(self.rows("SELECT id, slot_id FROM run"))
        for run, slot in self.begun.items():
            self.expect(runs.get(run) == slot, f"运行 {run} 登记过开始，台账里没有")
        for run, outcome in self.closed.items():
            self.expect(ends.get(run) == outcome, f"运行 {run} 登记过结束 {outcome}，台账里是 {ends.get(run)}")
        events = {number: (kind, subject) for number, kind, subject in self.rows("SELECT id, kind, subject FROM event")}
        for number, what in self.entered.items():
            self.expect(events.get(number) == what, f"事件 {number} 登记过，台账里没有")
        have: dict[Key, Counter[tuple[str, ...]]] = defaultdict(Counter)
        columns = "run_id, target, attempt, check_id, state, reason, summary"
        for run, target, attempt, *said in self.rows(f"SELECT {columns} FROM finding"):
            have[run, target, attempt][tuple(f"{word}" for word in said)] += 1
        for key, handed in self.handed.items():
            missing, more = (handed - have[key]).total(), (have[key] - handed).total()
            self.doubled += more
            self.expect(not more, f"{key} 多出 {more} 条结论")
            if key in self.recorded:
                self.lost += missing
                self.expect(not missing, f"{key} 已告知记入，少了 {missing} 条结论")
            else:
                self.expect(missing in (0, handed.total()), f"{key} 只记入一部分")
        strange = set(have) - set(self.handed)
        self.expect(not strange, f"台账里有没人交来的结论：{strange}")
        for table, columns in (("finding", "run_id, target, check_id, attempt"), ("visit", "run_id, target, attempt"),
                               ("evidence", "run_id, target, attempt, path"), ("run_end", "run_id"),
                               ("seal", "kind, subject")):  # fmt: skip
            where = "WHERE kind = 'run'" if table == "seal" else ""
            question = f"SELECT {columns} FROM {table} {where} GROUP BY {columns} HAVING count(*) > 1"
            twice = self.rows(question)
            self.doubled += len(twice) if table == "finding" else 0
            self.expect(not twice, f"{table} 重复：{twice}")

    def _check_unchanged(self) -> None:
        """Whatever was there at the last start is there, as it was."""
        for table, key in (("finding", "id"), ("run", "id"), ("run_end", "run_id"), ("seal", "seq"), ("event", "id"),
                           ("evidence", "id"), ("slot", "id"), ("visit", "id")):  # fmt: skip
            found = {row[0]: row for row in self.rows(f"SELECT {key}, {table}.* FROM {table}")}
            before = self._rows.get(table, {})
            changed = [key for key, row in before.items() if found.get(key) != row]
            self.lost += len(changed) if table == "finding" else 0
            self.expect(not changed, f"{table} 的 {changed[:3]} 变了")
            self._rows[table] = found

    def _check_chain(self) -> None:
        with stored(self.settings.ledger, self.settings.evidence_dir) as book:
            verdict = verify(book, self._head)
        self._head = verdict.head
        self.expect(not verdict.problems, f"核对：{verdict.problems[:3]}")
        self.expect(not [one for one in verdict.remarks if "尚未结束" in one], f"核对：{verdict.remarks}")

    def _check_files(self) -> None:
        """Every file on record is there, but for what was destroyed on record after it had last been recorded."""
        destroyed: dict[str, str] = {}
        for at, body in self.rows(f"SELECT entered_at, body FROM event WHERE kind = '{REMOVAL}'"):
            destroyed |= dict.fromkeys(json.loads(body)["files"], at)
        for path, sha256, at in self.rows("SELECT path, max(sha256), max(at) FROM evidence GROUP BY path"):
            file = self.settings.evidence_dir / path
            if at <= destroyed.get(path, ""):
                continue
            whole = file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == sha256
            self.expect(whole, f"证据 {path} 不在或不符")

    def _check_marks(self) -> None:
        """What coverage says of each slot is what a few lines of SQL say."""
        assert self.office
        told = {one.slot.id: one.mark for line in self._standing() for one in line.marks}
        done = self.done()
        for (slot,) in self.rows("SELECT id FROM slot"):
            self.expect((told[slot] is Mark.DONE) == (slot in done), f"{slot} 履约情况是 {told[slot].label}")

    def _standing(self) -> Any:
        assert self.office
        days = [day for (day,) in self.rows("SELECT day FROM slot")]
        first, last = min(f"{day}" for day in days), max(f"{day}" for day in days)
        period = Period(datetime.fromisoformat(first).date(), datetime.fromisoformat(last).date())
        return standing(self.office.ledger, period, now()).lines

    def done(self) -> set[str]:
        """The slots of which all was seen, with one run at least that came to its end."""
        assert self.office
        contract = self.office.contract
        planned = {one.id: {one.target(part) for part in one.targets()} for one in contract.systems}
        planned |= {one.host.name: {one.host.name} for one in contract.all_hosts()}
        ended = {slot for (slot,) in self.rows(
            f"SELECT slot_id FROM run JOIN run_end ON run_id = id WHERE outcome <> '{INTERRUPTED}'")}  # fmt: skip
        seen: dict[str, set[str]] = defaultdict(set)
        for slot, target in self.rows(
            "SELECT DISTINCT slot_id, target FROM finding JOIN run ON run.id = run_id"
            f" WHERE state <> '{State.UNKNOWN.value}' OR reason = '{Reason.BLOCKED.value}'"
        ):
            seen[slot].add(target)
        return {slot for slot in ended if planned[slot.split("/")[1]] <= seen[slot]}

    def due(self) -> set[str]:
        """Today's and this week's slots."""
        assert self.office
        contract, today = self.office.contract, self.office.today()
        return {slot.id for slot in (*page_slots(contract, today), *host_slots(contract, today))}

    def check_end(self) -> None:
        """After each duty was done once more: every slot is done, once."""
        assert self.office
        due, done = self.due(), self.done()
        on_record = {slot for (slot,) in self.rows("SELECT id FROM slot")}
        self.expect(due <= on_record, f"没有登记的应做事项：{due - on_record}")
        self.expect(due <= done, f"没有完成的应做事项：{sorted(due - done)}")
        marks = [one for line in self._standing() for one in line.marks if one.slot.id in due]
        self.expect(sorted(one.slot.id for one in marks) == sorted(due), "履约情况漏了或重复了应做事项")
        self.expect({one.mark for one in marks} == {Mark.DONE}, f"履约情况：{Counter(one.mark for one in marks)}")

    def check_reports(self) -> None:
        """The day's and the week's report are there in every format, each whole and of the ledger as it is."""
        assert self.office
        today, folder = self.office.today(), self.settings.reports_dir
        for stem in (f"日报-{today}", f"周巡检报告-{week_of(today)}"):
            found = {path.suffix: path.read_bytes() for path in folder.glob(f"{stem}.*")}
            self.expect(set(found) == FORMATS, f"{stem} 只有 {sorted(found)}")
            self.expect(found.get(".pdf", b"").rstrip().endswith(b"%%EOF"), f"{stem}.pdf 不完整")
            self.expect(found.get(".html", b"").rstrip().endswith(b"</html>"), f"{stem}.html 不完整")
            with zipfile.ZipFile(folder / f"{stem}.docx") as docx:
                self.expect(docx.testzip() is None, f"{stem}.docx 不完整")

    def check_backups(self) -> int:
        """Each backup under its final name is whole and can be restored with all its evidence; how many there are."""
        backups = sorted(self.settings.backup_dir.glob("ledger-*.zip"))
        for path in backups:
            with zipfile.ZipFile(path) as package:
                self.expect(package.testzip() is None, f"{path.name} 不完整")
            verdict = verify(Package(path))
            self.expect(not verdict.problems, f"{path.name}：{verdict.problems[:2]}")
        verdict = rehearse(backups[-1])
        self.expect(not verdict.problems, f"{backups[-1].name} 恢复后：{verdict.problems[:2]}")
        return len(backups)


class Kills:
    """The rehearsal: victims, kills, next starts."""

    def __init__(self, nursery: Nursery, settings: Settings, folder: Path, seed: int, *, deployed: bool) -> None:
        self.book = Book(settings)
        self._nursery, self._settings, self._folder = nursery, settings, folder
        self._random = random.Random(seed)
        self._weights = {name: weight for name, weight in WEIGHTS.items() if deployed or name != "catch-up"}
        self._number = 0
        self._began = now()
        self._lasted: dict[str, float] = {}  # flows by size, and places; seconds
        self._steps: dict[str, dict[str, int]] = {}
        self.killed: Counter[str] = Counter()
        self.instants: Counter[str] = Counter()
        self.where: Counter[str] = Counter()
        self.ended_first = self.orphans_killed = self.in_start = 0

    def kill(self, count: int) -> None:
        """Kill so many."""
        while self.killed.total() < count:
            flow = self._random.choices([*self._weights], [*self._weights.values()])[0]
            instant = self._instant(flow)
            victim = self._run(flow, self._form(flow), instant)
            if not victim.killed:
                self.ended_first += 1
                continue
            self.killed[flow] += 1
            self.instants[instant.title] += 1
            where = "、".join(sorted(f"{WORDS[place]}" for place in victim.places)) or "其间"
            self.where[where] += 1
            # Now and then the next start is a victim itself.
            said = f"下次启动关闭 {self.book.start()} 项" if self._random.random() < 0.8 else "下次启动也是被杀的对象"
            self._bury()
            number = f"第 {self.killed.total()}/{count} 次"
            out.print(f"{number} {flow} {instant.title}（{where}，第 {victim.lived:.1f} 秒）：{said}")
        self.book.start()

    def _instant(self, flow: str) -> Instant:
        how = self._random.random()
        if how < 0.25 and flow in PLACES:
            place = self._random.choice(PLACES[flow])
            nth = self._random.randint(1, 5) if place in ("page", "evidence") and flow == "page-inspection" else 1
            return Instant(WORDS[place], place, nth, self._random.random())
        if how < 0.55:
            known = self._steps.get(flow) or {f"{when} commit": 6 for when in ("before", "after")}
            step = self._random.choice(sorted(known))
            when, _, name = step.partition(" ")
            return Instant(f"{WORDS[name]}{WORDS[when]}", fatal=(step, self._random.randint(1, known[step])))
        return Instant("任意时刻", share=self._random.random() * 1.05)

    def _form(self, flow: str) -> dict[str, Any]:
        """What is asked for: some targets; and whether nobody asked, as long as there is something to do unasked."""
        if flow == "manual-confirmation":
            said = self._random.choice(("正常", "有问题"))
            return {"form": {"page": "desk", "result": said, "who": "值班员", "remark": "看过"}}
        if flow == "retention":
            until = self._began + (now() - self._began) * self._random.random()
            return {"expired_until": until.isoformat()}
        if flow == "excuse":
            slots = self._random.sample(sorted(self.book.due()), 2)
            return {"form": {"slots": slots, "who": "甲方", "why": "演练", "document": "函〔2026〕1 号"}}
        if flow not in ("page-inspection", "host-inspection"):
            return {}
        pages, book = flow == "page-inspection", self.book
        assert book.office
        contract, today = book.office.contract, book.office.today()
        slots = list(page_slots(contract, today) if pages else host_slots(contract, today))
        ledger = book.office.ledger
        left = [slot.target for slot in slots if not no_more_to_do(ledger, contract, slot, now(), UNASKED)]
        unasked = bool(left) and self._random.random() < 0.4
        names = left if unasked else [slot.target for slot in slots]
        some = self._random.sample(names, min(len(names), self._random.choice((1, 1, 2, 4) if pages else (1, 3, 12))))
        return {"form": {"systems" if pages else "hosts": some, "why": "演练"}, "unasked": unasked}

    def _run(self, flow: str, form: Mapping[str, Any], instant: Instant | None) -> Victim:
        """Fork a victim; kill it at an instant, if there is one, unless it ends before."""
        self._number += 1
        names = {name: str(self._folder / f"{name}-{self._number}") for name in ("journal", "log")}
        order = {"flow": flow, "form": {}, "unasked": False, "expired_until": "", "fatal": ("", 0), **names, **form}
        if instant:
            order["fatal"] = instant.fatal
        victim = self._nursery.fork(order)
        status = None
        if instant and not instant.fatal[1]:
            status = self._strike(victim, instant)
        if status is None:
            status = self._nursery.status(STUCK)
        if status is None:
            os.kill(victim.pid, signal.SIGKILL)
            self._nursery.status(STUCK)
            raise SystemExit(f"{flow} {STUCK:.0f} 秒没有结束，见 {names['log']}")
        victim.died = time.monotonic()
        self.book.told(victim)
        victim.killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        if not victim.killed:
            self._learn(flow, victim)
        return victim

    def _strike(self, victim: Victim, instant: Instant) -> int | None:
        """Wait for the instant, then kill; the status, if the victim has ended before."""
        what = instant.place or _size(victim.order)
        lasts = self._lasted.get(what) or FIRST_GUESS.get(victim.order["flow"], 1.0)
        since: float | None = None
        while since is None or time.monotonic() < since + instant.share * lasts:
            if (status := self._nursery.status(0.002)) is not None:
                return status
            if since is None:
                lines = victim.look()
                marks = [one["t"] for one in lines
                         if (one.get("place") == instant.place and one["what"] == "enter" if instant.place
                             else one["what"] == "called")]  # fmt: skip
                since = marks[instant.nth - 1] if len(marks) >= instant.nth else None
        with suppress(ProcessLookupError):
            os.kill(victim.pid, signal.SIGKILL)
        return None

    def _learn(self, flow: str, victim: Victim) -> None:
        """How long a flow and its places take, and which steps it has."""
        for line in victim.of("ended"):
            if line["name"] != "无需执行":
                self._lasted[_size(victim.order)] = line["t"] - victim.of("called")[0]["t"]
                self._steps[flow] = line["steps"]
        if broke := victim.of("broke"):
            raise SystemExit(f"{flow} 出错：{broke}，见 {victim.order['log']}")
        entered: dict[str, list[float]] = defaultdict(list)
        for line in victim.lines:
            if line["what"] == "enter":
                entered[line["place"]].append(line["t"])
            elif line["what"] == "leave":
                self._lasted[line["place"]] = line["t"] - entered[line["place"]].pop(0)

    def _bury(self) -> None:
        """Browsers end when their master is gone; how many had to be killed is counted."""
        end = time.monotonic() + 15
        while self._nursery.orphans() and time.monotonic() < end:
            time.sleep(0.05)
        for one in self._nursery.orphans():
            with suppress(psutil.NoSuchProcess):
                self.orphans_killed += 1
                one.kill()

    def clean(self, flow: str, *fine: str, **form: Any) -> Victim:
        """A run that nobody kills, and how it must end."""
        victim = self._run(flow, form, None)
        ended = victim.of("ended")[-1]
        if ended["name"] not in fine:
            self.book.problems.append(f"{flow} 的结果是 {ended['name']}：{ended['message']}")
        out.print(f"完整执行 {flow}：{ended['name']}，{victim.lived:.1f} 秒")
        return victim

    def begin(self) -> None:
        """Once in peace, so that it is known how long each takes."""
        self.clean("page-inspection", "发现问题")
        self.clean("host-inspection", "全部正常", "发现问题")
        self.clean("ledger-backup", "备份完好")
        self.clean("audit-verify", "台账完好")
        self.clean("coverage", "全部正常", "有漏检或不明")
        self.clean("excuse", "已登记", **self._form("excuse"))
        self.clean("retention", "已销毁", expired_until=now().isoformat())

    def end(self) -> None:
        """Every duty once more: the slots that are open are done, and once done they are not done again unasked."""
        book, fine = self.book, ("全部正常", "发现问题", "无需执行")
        systems = [one.id for one in book.office.contract.systems if one.id != "desk"] if book.office else []
        for _ in range(2):
            runs = book.rows("SELECT count(*) FROM run")
            self.clean("page-inspection", *fine, form={"systems": systems}, unasked=True)
            self.clean("host-inspection", *fine, unasked=True)
        book.expect(runs == book.rows("SELECT count(*) FROM run"), "已完成的又做了一次")
        self.clean("manual-confirmation", "全部正常", form={"page": "desk", "result": "正常", "who": "值班员"})
        self.clean("excuse", "已登记", **self._form("excuse"))
        self.clean("coverage", "全部正常", "有漏检或不明")  # days before there was a ledger are not known
        self.clean("audit-verify", "台账完好")
        self.clean("ledger-backup", "备份完好")
        self.clean("retention", "无需执行", "已销毁")
        if "catch-up" in self._weights:
            self.clean("catch-up", "无需执行")
        book.start()
        book.check_end()
        book.check_reports()
        self.backups = book.check_backups()

    def left_over(self) -> dict[str, int]:
        """Files that killed processes have left."""
        settings, book = self._settings, self.book
        named = {path for (path,) in book.rows("SELECT DISTINCT path FROM evidence")}
        files = [path.relative_to(settings.evidence_dir).as_posix() for path in settings.evidence_dir.rglob("*")
                 if path.is_file()]  # fmt: skip
        hidden = [one for one in files if Path(one).name.startswith(".")]
        return {
            "证据目录里写到一半的": len(hidden),
            "没有登记的证据": len(set(files) - set(hidden) - named),
            "报告的临时目录": len(list(settings.reports_dir.glob(".*"))),
            "备份的临时文件": len([one for one in settings.backup_dir.rglob(".*") if one.parent.name[:1] != "."]),
            "系统临时目录里的": len(list((self._folder / "tmp").iterdir())),
        }

    def table(self) -> Table:
        """The figures."""
        book, left = self.book, self.left_over()
        slots = book.due()
        lines = {
            "杀死的执行": f"{self.killed.total()} 次（另有 {self.ended_first} 次在那一刻之前已经结束，不计）",
            "　按职责": _counted(self.killed),
            "　按时机": _counted(self.instants),
            "　被杀时正在": _counted(self.where),
            "随后的启动": f"{book.starts} 次，关闭并封存中断的执行 {book.cut_off} 项",
            "告知已记入的结论": f"{book.acknowledged} 条，丢失 {book.lost}，重复 {book.doubled}",
            "应做事项": f"{len(slots)} 项，完成 {len(slots & book.done())} 项",
            "台账": f"{book.rows('SELECT count(*) FROM seal')[0][0]} 号封存，备份 {self.backups} 份",
            "遗留的浏览器等进程": f"须另外结束的 {self.orphans_killed} 个",
            "遗留的文件": "，".join(f"{name} {count}" for name, count in left.items()),
            "问题": "；".join(book.problems[:5]) or "没有",
        }
        table = Table("", "结果", title="随时被杀的演练", title_justify="left")
        for name, text in lines.items():
            table.add_row(name, text)
        return table


def _size(order: Mapping[str, Any]) -> str:
    """A flow with how much it is asked for: more takes longer."""
    asked = order["form"].get("systems") or order["form"].get("hosts") or []
    return f"{order['flow']} {len(asked)}"


def _counted(counts: Counter[str]) -> str:
    return "，".join(f"{name} {count}" for name, count in counts.most_common())


def make_contract(folder: Path, base_port: int) -> Path:
    """The sample contract, pages being given their time, and a system that waits for a person."""
    contract = copy_contract(folder, base_port)
    for file in contract.glob("systems/*.yaml"):
        file.write_text(f"{file.read_text(encoding='utf-8')}\n{LIMITS}\n", encoding="utf-8")
    (contract / "systems" / "9-desk.yaml").write_text(DESK, encoding="utf-8")
    return contract


def rehearsed(
    folder: Path,
    settings: Settings,
    api: str,
    count: int,
    seed: int,
    *,
    deployed: bool = False,
    before: bool = True,
    after: bool = True,
) -> Kills:
    """Kill, and check; the estate and Prefect's server are up.

    Args:
        deployed: the server has our deployments; otherwise catching up is left out.
        before: every duty once in peace, so that it is known how long each takes.
        after: every duty once more, so that every slot is done in the end.
    """
    (folder / "tmp").mkdir()
    variables = environment(settings, api=api) | {
        "TMPDIR": str(folder / "tmp"),
        "XUNJIAN_LEDGER_URL": settings.ledger,
        "PGAPPNAME": VICTIM,
    }
    with Nursery(variables, folder / "nursery.log") as nursery:
        kills = Kills(nursery, settings, folder, seed, deployed=deployed)
        kills.book.start()
        if before:
            kills.begin()
        kills.kill(count)
        if after:
            kills.end()
        kills.book.expect(not kills.book.lost and not kills.book.doubled, "有丢失或重复的结论")
    return kills


def main() -> int:
    """Kill, print the figures, and return 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description="在任意时刻杀死各项职责的执行，核对台账有没有丢失、重复、没有交代的")
    parser.add_argument("--kills", type=int, default=200, help="杀多少次（默认 200）")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="随机数种子")
    parser.add_argument("--ledger-url", default="", help="台账的 SQLAlchemy URL，须是空库（默认 SQLite）")
    parser.add_argument("--keep", action="store_true", help="保留现场")
    asked = parser.parse_args()
    began = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
    for name in [name for name in os.environ if name.startswith(("XUNJIAN_", "PREFECT_"))]:
        if name != "XUNJIAN_BROWSER":
            del os.environ[name]
    folder, port = Path(tempfile.mkdtemp(prefix="kills-")), find_base_port()
    home, contract = folder / "home", make_contract(folder / "contract", port)
    settings = Settings(home=home, contract=contract, port=port + 30, ledger_url=asked.ledger_url)
    with Estate(home / "rehearsal", port, hosts=True), Prefect(settings, out.print) as prefect:
        api = api_url(settings)
        with temporary_settings({PREFECT_API_URL: api, PREFECT_HOME: home / "prefect"}):
            deployments.deploy(prefect, contract_folder.load(contract))
        kills = rehearsed(folder, settings, api, asked.kills, asked.seed, deployed=True)
        out.print(kills.table())
    if kills.book.problems or asked.keep:
        out.print(f"现场：{folder}")
    else:
        shutil.rmtree(folder)
    took = time.monotonic() - began
    out.print(f"种子 {asked.seed}，共用 {took:.0f} 秒，每次 {took / asked.kills:.1f} 秒")
    return 1 if kills.book.problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
