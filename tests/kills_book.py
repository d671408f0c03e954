"""What kills.py holds the ledger to: what victims were told is on record, against what is found there."""

import hashlib
import json
import sys
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from kills_news import News
from kills_nursery import Victim
from rich.console import Console

from checks.coverage import Mark
from checks.finding import Reason, State
from checks.periods import Period
from checks.records import INTERRUPTED, REMOVAL
from checks.slots import AVAILABILITY_PROBE, host_slots, page_slots, week_of
from flows.office import Office, now
from flows.standing import standing
from tasks.ledger.audit import stored
from tasks.ledger.backup import rehearse
from tasks.ledger.verify import Package, verify
from tasks.report import FIGURES
from tasks.settings import Settings

VICTIM = "victim"  # as PostgreSQL knows them
FORMATS = {".md", ".html", ".pdf", ".docx", ".json"}

out = Console(width=120 if not sys.stdout.isatty() else None, highlight=False)
Key = tuple[str, str, int]  # run, target, attempt


class Book:
    """What victims were told is on record, and what was found there; each is held against the other."""

    def __init__(self, settings: Settings, news: News) -> None:
        self.settings, self.news = settings, news
        self.problems: list[str] = []
        self.begun: dict[str, str] = {}  # run: slot
        self.handed: dict[Key, Counter[tuple[str, ...]]] = {}
        self.recorded: set[Key] = set()
        self.closed: dict[str, str] = {}  # run: outcome
        self.entered: dict[int, tuple[str, str]] = {}  # event: kind, and how its subject begins
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
            else:
                self.news.told(line)

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
        self.news.check(self.office.ledger, self.rows, self.expect)
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
        for number, (kind, begins) in self.entered.items():
            there = events.get(number, ("", ""))
            self.expect(there[0] == kind and there[1].startswith(begins), f"事件 {number} 登记过，台账里没有")
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
        for (slot,) in self.rows(f"SELECT id FROM slot WHERE duty <> '{AVAILABILITY_PROBE}'"):
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
            "SELECT slot_id FROM run JOIN run_end ON run_id = run.id JOIN slot ON slot.id = slot_id"
            f" WHERE outcome <> '{INTERRUPTED}' AND duty <> '{AVAILABILITY_PROBE}'")}  # fmt: skip
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
            figures = json.loads((folder / f"{stem}{FIGURES}").read_bytes())
            files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob(f"{stem}.*")}
            self.expect(figures["files"].items() <= files.items(), f"{stem} 的数字清单与文件不符")
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
