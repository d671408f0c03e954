"""A simulated year of the contract, written through the real ledger: what is measured, and what reports are tried on.

Three systems of ten pages daily, twelve hosts of forty items weekly, a probe a minute, and what goes wrong in a year:
days on which nobody ran anything, late and cut-off runs, faults, retries, excuses, a change of the contract. What was
seen is what real runs on the practice estate saw (seen.json), moved in time and varied; the real items judge it. The
same seed gives the same rows, and so the same chain.
"""

import argparse
import hashlib
import json
import random
import re
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa
from rich.progress import track
from sky import Sky, record

from checks.contract import Contract, System
from checks.coverage import Mark
from checks.finding import Finding, Reason, State, worst
from checks.host_check import Look, Past, Planned, not_looked
from checks.page_check import Part, deserves_retry
from checks.page_check import judge as judge_page
from checks.page_check import not_looked as page_not_looked
from checks.records import EvidenceRecord
from checks.slots import Slot, host_slots, page_slots, probe_slot
from checks.visit import HostVisit, Visit
from flows import standing
from rehearsal.layout import DEFAULT_BASE_PORT
from rehearsal.sample import copy_contract
from tasks import contract_folder
from tasks.ledger import Ledger
from tasks.settings import Settings

FIRST = date(2025, 11, 1)
DAYS = 365
EVIDENCE_BYTES = 2048
REAL_EVIDENCE = {"screenshot": 37_400, "raw-output": 7_400}
"""Bytes, on average, in real runs on the practice estate."""

ABOUT = "year.json"
SEEN = json.loads((Path(__file__).parent / "seen.json").read_text(encoding="utf-8"))
TAKEN_AT = datetime.fromisoformat(SEEN["taken_at"])

# So that every system has ten pages: what is added, and which page it looks like.
MORE_PAGES = {
    "2-mobile": (("done", "已办事项", "todo"), ("library", "资料库", "notices")),
    "3-archive": (
        ("transfer", "移交接收", "borrow"),
        ("appraisal", "鉴定销毁", "borrow"),
        ("volumes", "案卷目录", "home"),
        ("reading", "阅览登记", "home"),
    ),
}
# So that every host has forty items.
MORE_CHECKS = """\
  OS24: { folders: [{ path: /var/backups/db, pattern: "*.sql.gz" }] }
  OS25: { files: [/etc/ssl/xunjian/web.pem] }
"""
MORE_SERVICES = "services: { nginx: {}, tomcat: {}, redis: {}, mysql: {}, postgresql: {} }\n"

PAGE_FAULTS: tuple[dict[str, Any], ...] = (
    {"steps": [{"what": "打开 /portal", "seconds": 4.318}]},
    {"steps": [{"what": "打开 /portal", "seconds": 12.02}]},
    {"failed_requests": ["502 GET /api/todo"]},
    {
        "documents": [{"url": "https://127.0.0.1:18401/portal", "status": 502, "title": "502 Bad Gateway"}],
        "error_text": "Bad Gateway",
        "failed_requests": ["502 GET /portal"],
    },
    {
        "documents": [],
        "steps": [],
        "expectations": [],
        "obstacle": {"kind": "unknown", "step": "打开页面", "message": "浏览器没有应答", "reason": "timeout"},
    },
)
SCRIPT_ERROR = {"script_errors": ["TypeError: Cannot read properties of undefined (reading 'rows')"]}
HOST_FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("OS04", {"busy": 92.4}),
    ("OS06", {"available": 520_000}),
    ("OS12", {"count": 7, "examples": ["java"]}),
    ("OS20", {"names": []}),
    ("MY2", {"used": 46}),
    ("PG2", {"age": 9_000}),
)


class Fate(StrEnum):
    """What happens to a slot beside being done in time."""

    DOWN = "down"  # nobody ran anything that day
    ABANDONED = "abandoned"  # killed half-way, and nobody came back to it
    RESUMED = "resumed"  # killed half-way, and done again
    LATE = "late"
    UNKNOWN = "unknown"  # something could not be looked at, to the last
    EXCUSED = "excused"


MARKS = {
    Fate.DOWN: Mark.MISSED,
    Fate.ABANDONED: Mark.MISSED,
    Fate.RESUMED: Mark.DONE,
    Fate.LATE: Mark.LATE,
    Fate.UNKNOWN: Mark.UNKNOWN,
    Fate.EXCUSED: Mark.EXCUSED,
}


@dataclass(frozen=True)
class Year:
    """A generated year. `fates`: the slots that were not simply done in time; `head`: the chain's."""

    folder: Path
    seed: int
    first: date
    last: date
    fates: dict[str, Fate]
    head: str
    url: str = ""

    @cached_property
    def settings(self) -> Settings:
        """The machine on which it happened."""
        return Settings(home=self.folder, contract=self.folder / "contract", ledger_url=self.url)

    @property
    def marks(self) -> dict[str, Mark]:
        """What coverage must say of the slots that are not done."""
        found = {slot: MARKS[fate] for slot, fate in self.fates.items()}
        return {slot: mark for slot, mark in found.items() if mark is not Mark.DONE}

    @classmethod
    def opened(cls, folder: Path) -> "Year":
        """A year that was generated before."""
        told = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        days = {name: date.fromisoformat(told[name]) for name in ("first", "last")}
        fates = {slot: Fate(fate) for slot, fate in told["fates"].items()}
        return cls(**{**told, **days, "folder": folder, "fates": fates})


def generate(
    folder: Path,
    seed: int = 1,
    days: int = DAYS,
    evidence_bytes: int = EVIDENCE_BYTES,
    *,
    first: date = FIRST,
    url: str = "",
    watch: Callable[[Sequence[date]], Iterable[date]] = iter,
) -> Year:
    """Write a year, or some days of one, into an empty folder: ledger, evidence and contract folder.

    Args:
        evidence_bytes: the size of a picture; a host's answer is a fifth of it.
        url: the ledger's database; SQLite in the folder where none is given.
        watch: sees the days go by.
    """
    last = first + timedelta(days=days - 1)
    settings = Settings(home=folder, contract=folder / "contract", ledger_url=url)
    _furnish(settings.contract, first, last)
    ids = random.Random(f"ids {seed}")
    ledger = _hasty(settings.ledger)
    with patch.object(uuid, "uuid4", lambda: uuid.UUID(int=ids.getrandbits(128), version=4)):
        life = _Life(settings, ledger, random.Random(seed), first, last, evidence_bytes)
        for day in watch([first + timedelta(days=number) for number in range(days)]):
            life.live(day)
    year = Year(folder, seed, first, last, life.fates, ledger.head(), url)
    about = json.dumps(asdict(year) | {"folder": ""}, default=str, ensure_ascii=False, indent=1)
    (folder / ABOUT).write_text(about, encoding="utf-8")
    return year


def _furnish(to: Path, first: date, last: date) -> None:
    """The sample contract, for these days, with ten pages per system and forty items per host."""
    copy_contract(to, DEFAULT_BASE_PORT)
    head = to / "contract.yaml"
    term = f"term:\n  start: {first}\n  end: {last}\n"
    head.write_text(re.sub(r"term:\n( .*\n)+", term, head.read_text(encoding="utf-8")), encoding="utf-8")
    for name, pages in MORE_PAGES.items():
        with (to / "systems" / f"{name}.yaml").open("a", encoding="utf-8") as file:
            for page, title, like in pages:
                steps = f"[{{ goto: /{page} }}, {{ expect: {{ test_id: {like}-row, count: {{ min: 1 }} }} }}]"
                file.write(f"\n  - id: {page}\n    title: {title}\n    steps: {steps}\n")
    for file in to.glob("backups/*.yaml"):  # the year is one of pages and hosts
        file.unlink()
    for file in to.glob("hosts/*.yaml"):
        text = file.read_text(encoding="utf-8").replace("\n  OS16:", f"\n{MORE_CHECKS}  OS16:", 1)
        file.write_text(text.replace("replica: true", "") + MORE_SERVICES, encoding="utf-8")


def _hasty(url: str) -> Ledger:
    """A ledger that does not wait for the disk after every row: a year that is half written is written anew."""
    ledger = Ledger(url)
    if url.startswith("sqlite"):
        sa.event.listen(ledger._engine, "connect", lambda new, _: new.execute("PRAGMA synchronous=OFF"))
        ledger._engine.dispose()
    return ledger


@dataclass
class _Life:
    """The days, one after the other."""

    settings: Settings
    ledger: Ledger
    chance: random.Random
    first: date
    last: date
    evidence_bytes: int
    fates: dict[str, Fate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.contract = contract_folder.load(self.settings.contract)
        self.began = datetime.combine(self.first, time(), self.contract.tz)
        self.pages = _pages(self.contract)
        self.down = {self.first + timedelta(days=(self.last - self.first).days * 3 // 10 + n) for n in range(3)}
        self.changes_on = self.first + timedelta(days=(self.last - self.first).days * 6 // 10)
        self.late: dict[date, list[Slot]] = {}  # by the day on which somebody notices
        self.hosts: dict[date, list[Slot]] = {}
        self.before: dict[str, Past[Any]] = {}  # by host and item
        self.sky = Sky(self.chance, [system.id for system in self.contract.systems])
        self._decide()

    def _decide(self) -> None:
        """Choose what goes wrong, and when; the last days are left alone so that what is late can be done."""
        days = [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]
        up = [day for day in days if day not in self.down]
        many = max(1, len(days) // 73)
        self.dark = set(self.chance.sample(up[1:-2], many))
        slots = {day: list(page_slots(self.contract, day)) for day in days}
        self.fates |= {slot.id: Fate.DOWN for day in self.down for slot in slots[day]}
        self.fates |= {slot.id: Fate.EXCUSED for day in self.dark for slot in slots[day]}
        others = [slot for day in up[:-2] if day not in self.dark for slot in slots[day]]
        kinds = [Fate.ABANDONED, Fate.RESUMED, Fate.LATE, Fate.UNKNOWN] * many
        self._choose(others, kinds)
        weeks = [day for day in days if day.weekday() == 0 or day == self.first]
        for day in weeks:
            ready = min(one for one in up if one >= day)  # a duty that should have run by now is run
            self.hosts.setdefault(ready, []).extend(host_slots(self.contract, day))
        early = [slot for day in weeks[:-1] for slot in host_slots(self.contract, day)]
        self._choose(early, [Fate.ABANDONED, Fate.LATE, Fate.UNKNOWN] * many)
        for slot in [*others, *early]:
            if self.fates.get(slot.id) is Fate.LATE:
                closes = slot.closes_at.astimezone(self.contract.tz).date()
                self.late.setdefault(min(one for one in up if one >= closes), []).append(slot)

    def _choose(self, slots: list[Slot], fates: list[Fate]) -> None:
        chosen = self.chance.sample(slots, len(fates))
        self.fates |= {slot.id: fate for slot, fate in zip(chosen, fates, strict=True)}

    def live(self, day: date) -> None:
        """All that happens on a day, in order."""
        if day in self.down:
            return
        for at, act in sorted(self._agenda(day), key=itemgetter(0)):
            act(at)

    def _agenda(self, day: date) -> Iterator[tuple[datetime, Callable[[datetime], None]]]:
        midnight = datetime.combine(day, time(), self.contract.tz).astimezone(UTC)

        def clock(hours: float) -> datetime:
            return midnight + timedelta(hours=hours)

        yield clock(0.1), lambda at: self._start(at, day)
        for hour in range(24):
            yield clock(hour + 1), lambda at: self._probe(at - timedelta(hours=1))
        if day in self.dark:
            yield clock(7), lambda at: self._excuse(day, at)
        for slot in self.late.get(day, []):
            yield clock(10.2), lambda at, slot=slot: self._do(slot, at, "ui", "值班员甲", "补做漏做的巡检")
        for slot in self.hosts.get(day, []):
            yield from self._plan(slot, clock(7.5), clock(9.5))
        for slot in page_slots(self.contract, day):
            yield from self._plan(slot, clock(8.5), clock(9.6))

    def _plan(self, slot: Slot, at: datetime, again: datetime) -> Iterator[tuple[datetime, Callable[[datetime], None]]]:
        fate = self.fates.get(slot.id)
        if fate not in (Fate.LATE, Fate.EXCUSED):
            yield at, lambda at: self._do(slot, at, "schedule", "计划任务", "按计划执行", fate)
        if fate is Fate.RESUMED:
            yield again, lambda at: self._resume(slot, at)

    def _start(self, at: datetime, day: date) -> None:
        """What the product does at every start."""
        if day == self.changes_on:
            file = self.settings.contract / "systems" / "3-archive.yaml"
            text = file.read_text(encoding="utf-8")
            file.write_text(f"{text}\nlimits: {{ warn: 4, crit: 12, down: 15 }}\n", encoding="utf-8")
            self.contract = contract_folder.load(self.settings.contract)
        if day in (self.first, self.changes_on):
            standing.record_contract(self.ledger, self.settings.contract, self.contract, at)
            self.contract_hash = contract_folder.hash_of(self.settings.contract)
            self.planned = {placed.host.name: placed.planned for placed in self.contract.all_hosts()}
        self.ledger.close_cut_off(at)
        standing.put_on_record(self.ledger, at)

    def _resume(self, slot: Slot, at: datetime) -> None:
        self.ledger.close_cut_off(at)
        self._do(slot, at, "catch-up", "计划任务", "补做：计划时间已过而未完成，其中 1 项曾经开始")

    def _excuse(self, day: date, at: datetime) -> None:
        slots = [slot.id for slot in page_slots(self.contract, day)]
        document = f"关于机房停电检修的通知〔{day.year}〕{self.chance.randint(3, 90)} 号"
        standing.excuse(self.ledger, slots, "王主任", "机房停电检修，系统全天停用", document, at)

    def _begin(self, slot: Slot, at: datetime, trigger: str, who: str, why: str) -> str:
        return self.ledger.begin(
            slot,
            flow_run_id=str(uuid.uuid4()),
            trigger=trigger,
            who=who,
            why=why,
            parameters={"systems": [], "day": "", "dry_run": False, "who": "", "why": ""},
            code_version="0.1.0+5d19c21f8ad5",
            contract_hash=self.contract_hash,
            calendar_version="chinesecalendar 1.11.0",
            now=at,
        )

    def _do(self, slot: Slot, at: datetime, trigger: str, who: str, why: str, fate: Fate | None = None) -> None:
        run = self._begin(slot, at, trigger, who, why)
        if slot.target in self.planned:
            self._ask(run, slot.target, at, fate)
        else:
            self._look(run, self.contract.system(slot.target), at, fate)

    # pages

    def _look(self, run: str, system: System, at: datetime, fate: Fate | None) -> None:
        parts, states = system.targets(), []
        for number, part in enumerate(parts):
            if fate in (Fate.ABANDONED, Fate.RESUMED) and number == len(parts) // 2:
                return  # killed
            blind = fate is Fate.UNKNOWN and number == len(parts) - 2
            at, state = self._look_at(run, system, part, at, blind=blind)
            states.append(state)
        self.ledger.end(run, worst(states), at)

    def _look_at(self, run: str, system: System, part: Part, at: datetime, *, blind: bool) -> tuple[datetime, State]:
        """Twice if it was not well the first time. Of the faults more than half have passed by then."""
        dice, findings = self.chance.random(), list[Finding]()
        fault = self.chance.choice(PAGE_FAULTS) if dice < 0.018 else SCRIPT_ERROR if dice < 0.022 else {}
        for attempt in (1, 2):
            visit = None if blind else self._visit(system.target(part), attempt, at, fault)
            if visit:
                findings = list(judge_page(visit, system, part))
                at += timedelta(seconds=visit.seconds)
            else:
                message = "检查途中浏览器被关闭或崩溃"
                findings = list(page_not_looked(system, part, Reason.NO_BROWSER, message))
            target = system.target(part)
            kept = [self._keep(target, attempt, "screenshot", at)] if visit and visit.pictures else []
            self.ledger.add(run, target, attempt, findings, visit=visit, evidence=kept, now=at)
            if not deserves_retry(findings):
                break
            lasts = dice < 0.008 and "obstacle" not in fault  # or the slot's fate would be another than is on file
            fault = fault if lasts else {}
        return at, worst(finding.state for finding in findings)

    def _visit(self, target: str, attempt: int, at: datetime, fault: dict[str, Any]) -> Visit:
        seen = self.pages[target]
        pace = self.chance.lognormvariate(0, 0.25)
        steps = [{**step, "seconds": round(step["seconds"] * pace, 3)} for step in seen["steps"]]
        documents = [
            {**one, **{name: one[name] and one[name] * pace for name in ("first_byte", "dom_ready", "load")}}
            for one in seen["documents"]
        ]
        more: dict[str, Any] = {"seconds": round(seen["seconds"] * pace, 3), "steps": steps, "documents": documents}
        if seen["certificate"]:  # made anew a month before it would end
            age = (at.date() - self.first).days % 335 + at.hour / 24
            more["certificate"] = {**seen["certificate"], "days_left": 365 - age}
        more |= fault
        pictures = seen["pictures"] if "obstacle" not in fault else 0
        told = {**seen, **more, "pictures": pictures, "target": target, "attempt": attempt, "started_at": at}
        return Visit.model_validate(told)

    # hosts

    def _ask(self, run: str, host: str, at: datetime, fate: Fate | None) -> None:
        planned = self.planned[host]
        if fate is Fate.ABANDONED:
            return  # killed before there was an answer
        if fate is Fate.UNKNOWN:
            findings, visit, kept = not_looked(planned, Reason.UNREACHABLE, "22 端口没有应答"), None, []
        else:
            findings, visit = self._answer(host, planned, at)
            kept = [self._keep(host, 1, "raw-output", at)]
        end = at + timedelta(seconds=4)
        outcome = worst(finding.state for finding in findings)
        self.ledger.add(run, host, 1, findings, visit=visit, evidence=kept, now=end, outcome=outcome)

    def _answer(self, host: str, planned: Sequence[Planned], at: datetime) -> tuple[list[Finding], HostVisit]:
        """What the host says, item by item; one in fifty hosts refuses to tell one of them."""
        items = {one.check.id: one for one in planned}
        told = self._facts(items, at)
        refused = self.chance.choice(sorted(items)) if self.chance.random() < 0.02 else ""
        told.pop(refused, None)
        findings = []
        for item, one in items.items():
            if item == refused:
                what = "需要 root 权限：合同没有允许 sudo"
                findings.append(Finding(check=item, state=State.UNKNOWN, summary=what, reason=Reason.PERMISSION))
                continue
            facts, key = one.check.facts.model_validate(told[item]), f"{host} {item}"
            look = Look(at, 0.02, [self.before[key]] if key in self.before else [])
            state, summary, reason = one.check.evaluate(facts, look, one.params)
            findings.append(Finding(check=item, state=state, summary=summary, reason=reason))
            self.before[key] = Past(at, facts)
        return findings, HostVisit(
            target=host, attempt=1, started_at=at, seconds=1.47, script=SEEN["script"], facts=told
        )

    def _facts(self, items: dict[str, Planned], at: datetime) -> dict[str, Any]:
        told: dict[str, Any] = _moved({item: SEEN["items"][item] for item in items}, at - TAKEN_AT)
        days = (at.date() - self.first).days
        told["OS03"] = {"seconds": 35180.49 + (at - self.began).total_seconds()}
        told["OS04"]["busy"] = self.chance.uniform(1, 30)
        told["OS06"]["available"] = self.chance.randrange(4_000_000, 6_000_000)
        told["OS08"]["filesystems"][1] = _disk("/data", 262144, 44100 + days * 300)
        told["OS16"]["public"] = sorted(items["OS16"].params.expected)
        told["OS22"]["expiring"][0]["password_ends"] = at.toordinal() - date(1970, 1, 1).toordinal() + 50
        if self.chance.random() < 0.1:
            item, fault = self.chance.choice(HOST_FAULTS)
            told[item] = {**told[item], **fault}
        return told

    # probes

    def _probe(self, begins: datetime) -> None:
        """An hour; a run that was killed in it is closed by the next."""
        slot = probe_slot(self.contract, begins.astimezone(self.contract.tz).date())
        assert slot
        self.ledger.expect([slot], begins)
        runs = self.sky.hour(begins)
        for number, seen in enumerate(runs, 1):
            first = min(one.at for readings in seen.values() for one in readings)
            run = self._begin(slot, first, "schedule", "计划任务", "按计划执行")
            record(self.ledger, run, seen, begins + timedelta(hours=1), killed=number < len(runs))

    # evidence

    def _keep(self, target: str, attempt: int, kind: str, at: datetime) -> EvidenceRecord:
        """Bytes that nothing can make smaller, as those of a picture; an answer is text."""
        if kind == "screenshot":
            suffix, content = ".jpg", b"\xff\xd8\xff" + self.chance.randbytes(self.evidence_bytes - 5) + b"\xff\xd9"
        else:
            suffix, content = ".txt", self.chance.randbytes(self.evidence_bytes // 10).hex().encode()
        sha256 = hashlib.sha256(content).hexdigest()
        path = f"{sha256[:2]}/{sha256}{suffix}"
        (self.settings.evidence_dir / path).parent.mkdir(parents=True, exist_ok=True)
        (self.settings.evidence_dir / path).write_bytes(content)
        return EvidenceRecord(
            target=target, attempt=attempt, kind=kind, path=path, sha256=sha256, size=len(content), grade=2, at=at
        )


def _pages(contract: Contract) -> dict[str, dict[str, Any]]:
    """What was seen of each page; of those that the estate does not have, what was seen of a page like it."""
    like = {page: other for pages in MORE_PAGES.values() for page, _, other in pages}
    found = {}
    for system in contract.systems:
        for part in system.targets():
            other = like.get(part.id, part.id)
            text = json.dumps(SEEN["pages"][f"{system.id}/{other}"], ensure_ascii=False)
            found[system.target(part)] = json.loads(text.replace(f"/{other}", f"/{part.id}"))
    return found


def _disk(mount: str, size: int, used: int) -> dict[str, Any]:
    return {"mount": mount, "size": size, "used": used, "available": size - used}


_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d")


def _moved(value: Any, by: timedelta) -> Any:
    """Facts as they would have been at another time."""
    if isinstance(value, dict):
        return {name: _moved(one, by) for name, one in value.items()}
    if isinstance(value, list):
        return [_moved(one, by) for one in value]
    if isinstance(value, str):
        return _MOMENT.sub(lambda found: (datetime.fromisoformat(found[0]) + by).isoformat(found[1], "seconds"), value)
    if isinstance(value, int) and value > 1_500_000_000:
        return value + int(by.total_seconds())
    return value


def main() -> int:
    """Generate from the command line."""
    parser = argparse.ArgumentParser(description="模拟一年的合同履行：生成台账、证据和合同目录，供测量和试做报告")
    parser.add_argument("folder", type=Path, metavar="目录", help="写到哪里；要是空的或还没有")
    parser.add_argument("--seed", type=int, default=1, metavar="数", help="随机种子；相同则逐行相同（默认 1）")
    parser.add_argument("--days", type=int, default=DAYS, metavar="天", help=f"天数，至少 10（默认 {DAYS}）")
    parser.add_argument(
        "--evidence-bytes", type=int, default=EVIDENCE_BYTES, metavar="字节",
        help=f"每张截图的大小（默认 {EVIDENCE_BYTES}；真实截图平均 {REAL_EVIDENCE['screenshot']}）",
    )  # fmt: skip
    asked = parser.parse_args()
    if asked.folder.is_dir() and any(asked.folder.iterdir()):
        parser.error(f"{asked.folder} 不是空的")
    year = generate(asked.folder.absolute(), asked.seed, asked.days, asked.evidence_bytes, watch=watched)
    sys.stdout.write(f"{year.folder}：{year.first} 至 {year.last}，台账链头 {year.head}\n")
    return 0


def watched(days: Sequence[date]) -> Iterable[date]:
    """A bar that fills as the days go by."""
    return track(days, description="生成")


if __name__ == "__main__":
    raise SystemExit(main())
