"""The desk for security findings: what people and retests enter, checked against what is on record."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from checks import finding_entries as entries
from checks.contract import Contract
from checks.entries import Who
from checks.finding import State
from checks.finding_list import chosen
from checks.finding_rows import Broken, Default, Raw, Row, judged
from checks.records import Event, EventRecord
from checks.security_finding import SECURITY_FINDING, SecurityFinding, Step, number_of, register
from checks.slots import RequestError
from flows.finding_book import FindingBook
from tasks.ledger import Ledger

__all__ = ["FindingDesk", "Imported", "said"]


class Imported(NamedTuple):
    """What became of a report. `new`: rows that went in, or would; `known`: those that were on record; `told`: those
    that name no weakness."""

    new: Sequence[Row]
    known: int
    told: int
    broken: Sequence[Broken]


class FindingDesk:
    """What is entered of findings, at one moment.

    Raises, wherever it enters something:
        RequestError: it makes no sense.
    """

    def __init__(self, ledger: Ledger, contract: Contract, now: datetime, book: FindingBook | None = None) -> None:
        self._ledger, self._contract, self._now = ledger, contract, now
        self.book = book or FindingBook(ledger, contract.tz)

    @property
    def today(self) -> date:
        """The contract's day."""
        return self._now.astimezone(self._contract.tz).date()

    def findings(self) -> list[SecurityFinding]:
        """All on record."""
        return self.book.findings(self._now)

    def finding(self, number: str) -> SecurityFinding:
        """One of them, by its number or by what a form offers."""
        return self.book.finding(chosen(number), self._now)

    def take(
        self, raws: Sequence[Raw], default: Default, heads: Mapping[str, str], by: Who, *, dry_run: bool = False
    ) -> Imported:
        """Put a report's rows on record, but for those that are there already and those that are broken."""
        entries.said(by)
        report = judged(self._contract, raws, default, heads)
        while True:
            events = self.book.events
            keys = {one.key for one in self.findings()}
            ours = {number_of(one.id) for one in self.findings()}  # an exported register that comes back
            new = [row for row in report.rows if row.key not in keys and number_of(row.own) not in ours]
            made = entries.imports(self._contract, self.findings(), new, by, self._now)
            last = events[-1].id if events else 0
            if dry_run or not made or self._ledger.enter_all(made, self._now, last=last):
                return Imported(new, len(report.rows) - len(new), report.told, report.broken)

    def enter(self, cells: Mapping[str, str], by: Who, corrects: int = 0) -> str:
        """One finding by hand, or what one is entered anew; `cells`: by field, as `checks.finding_rows.FIELDS`."""
        row = entries.single(self._contract, cells, "人工登记")
        same = next((one for one in self.findings() if one.key == row.key), None)
        if same and not corrects:
            raise RequestError(f"台账里已有这一条：{same.id}（{same.life.label}）")

        def make(events: Sequence[EventRecord]) -> Event:
            if corrects:
                return entries.correction(self._contract, events, row, corrects, by, self._now)
            return entries.imports(self._contract, self.findings(), [row], by, self._now)[0]

        return self._enter(make)

    def plan(self, number: str, given: Mapping[str, Any], by: Who, corrects: int = 0) -> str:
        """How it is to be mended: any of plan, owner, due, ticket, probe, params, vantage, way."""
        told = entries.planned(self._contract, self.finding(number), given)
        return self._of(number, Step.PLANNED, corrects, lambda one: entries.plan(one, told, by, self._now, corrects))

    def fixed(self, number: str, fixer: str, at: datetime, by: Who, corrects: int = 0) -> str:
        """Somebody says that he has mended it."""
        return self._of(
            number, Step.FIXED, corrects, lambda one: entries.fixed(one, fixer, at, by, self._now, corrects)
        )

    def accept(self, number: str, until: date, paper: str, by: Who, corrects: int = 0) -> str:
        """The risk is accepted until a day, which itself counts; `by`: who decides."""
        return self._of(
            number,
            Step.ACCEPTED,
            corrects,
            lambda one: entries.accept(one, until, paper, by, self._now, self.today, corrects),
        )

    def false_positive(self, number: str, paper: str, by: Who) -> str:
        """It is none."""
        return self._of(number, Step.FALSE_POSITIVE, 0, lambda one: entries.false_positive(one, paper, by, self._now))

    def reopen(self, number: str, by: Who) -> str:
        """It is there after all."""
        return self._of(number, Step.REOPENED, 0, lambda one: entries.reopen(one, by, self._now))

    def identity(self, number: str, text: str, by: Who) -> str:
        """The asset shows another key or certificate, and somebody has made sure that it is the same asset."""
        return self._of(number, Step.IDENTITY, 0, lambda one: entries.identity(one, text, by, self._now))

    def tested(
        self,
        number: str,
        verdict: State,
        by: Who,
        *,
        run: str,
        tester: str,
        at: datetime,
        before: str = "",
        probe: str = "",
        version: int = 0,
        identity: str = "",
    ) -> str:
        """A test has been done, a before as well as an after.

        Args:
            run, before: ids of the runs that hold the evidence.
            identity: whom the probe met; "" where nobody showed one.
        """
        body = {
            "run": run, "before": before, "tester": tester, "probe": probe, "version": version, "identity": identity
        }  # fmt: skip
        return self._of(number, Step.TESTED, 0, lambda one: entries.tested(one, verdict, body, at, by))

    def _of(self, number: str, step: Step, corrects: int, make: Callable[[SecurityFinding], Event]) -> str:
        """Enter a step of one finding, held against what is on record without the entry that it corrects."""

        def event(events: Sequence[EventRecord]) -> Event:
            entries.check_corrects(events, corrects, step, self.finding(number).id)
            left = [one for one in events if one.id != corrects]
            known = register(left, self.today, self._contract.tz) if corrects else self.findings()
            return make(entries.find(known, chosen(number)))

        return self._enter(event)

    def _enter(self, make: Callable[[Sequence[EventRecord]], Event]) -> str:
        """Enter what rests on what was entered before: made anew if somebody else was faster."""
        while True:
            events = self.book.events
            event = make(events)
            number = self._ledger.enter(event, self._now, last=events[-1].id if events else 0)
            if number is not None:
                record = next(one for one in self._ledger.events(SECURITY_FINDING, after=number - 1))
                life = self.finding(record.subject).life
                return f"第 {number} 号事件：{record.subject} {said(record)}；现在是“{life.label}”"


def said(record: EventRecord) -> str:
    """One event in words."""
    body = record.body
    step = Step(body["step"])
    match step:
        case Step.IMPORTED:
            more = f" {body['title']}（{body['severity']}，{body['asset']}，{body['due']} 前）"
        case Step.PLANNED:
            heads = {"plan": "", "owner": "责任人 ", "due": "期限 ", "ticket": "工单 ", "probe": "探测项 "}
            more = " " + "，".join(f"{head}{body[name]}" for name, head in heads.items() if body.get(name))
        case Step.FIXED:
            more = f" 整改人 {body['fixer']}"
        case Step.TESTED:
            more = f" {State(body['verdict']).label} 复测人 {body['tester']}（运行 {body['run']}）"
        case Step.ACCEPTED:
            more = f" 至 {body['until']}（{body['document']}）"
        case Step.FALSE_POSITIVE:
            more = f" {body['document']}"
        case Step.IDENTITY:
            more = f" {body['identity']}"
        case _:
            more = ""
    return f"{step.label}{more}：{record.who}，{record.why}"
