"""漏洞台账: security findings, each with its life, computed from events alone.

Source: inspection-items, 漏洞整改复测; severities of GB/T 30279-2020. Events count in the order in which they were
entered: nobody who writes an earlier time can turn a test into one that came after a repair. A correction stands where
it was entered: whoever corrects the claim of a repair has it tested again.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from unicodedata import normalize
from zoneinfo import ZoneInfo

from checks.finding import State
from checks.records import EventRecord, standing

SECURITY_FINDING = "security-finding"
"""The kind of event."""

FOLLOW_UPS = (7, 30, 90)
"""Days after which what was verified is looked at again."""

CHINA = ZoneInfo("Asia/Shanghai")


class Severity(StrEnum):
    """GB/T 30279-2020, highest first."""

    EXTREME = "超危"
    HIGH = "高危"
    MEDIUM = "中危"
    LOW = "低危"


class Life(StrEnum):
    """Where a finding stands."""

    OPEN = "open"
    PLANNED = "planned"
    FIXED = "fixed"  # somebody says so
    VERIFIED = "verified"
    PARTLY = "partly"
    REOPENED = "reopened"
    ACCEPTED = "accepted"
    FALSE_POSITIVE = "false-positive"
    UNTESTABLE = "untestable"

    @property
    def label(self) -> str:
        """The word that operators read."""
        return _LIVES[self]

    @property
    def is_over(self) -> bool:
        """Nobody has to mend it any more: verified, or none; an accepted risk waits for its last day."""
        return self in (Life.VERIFIED, Life.FALSE_POSITIVE)


_LIVES = {
    Life.OPEN: "未整改", Life.PLANNED: "整改中", Life.FIXED: "待复测", Life.VERIFIED: "已修复", Life.PARTLY: "部分修复",
    Life.REOPENED: "重新打开", Life.ACCEPTED: "风险接受", Life.FALSE_POSITIVE: "误报", Life.UNTESTABLE: "无法复测",
}  # fmt: skip


class Step(StrEnum):
    """What an event says of a finding."""

    IMPORTED = "imported"  # from a report, or by hand
    PLANNED = "planned"
    FIXED = "fixed"
    TESTED = "tested"
    ACCEPTED = "accepted"
    FALSE_POSITIVE = "false-positive"
    REOPENED = "reopened"
    IDENTITY = "identity"

    @property
    def label(self) -> str:
        """The word that operators read."""
        return _STEPS[self]


_STEPS = {
    Step.IMPORTED: "登记", Step.PLANNED: "整改计划", Step.FIXED: "整改完成", Step.TESTED: "复测",
    Step.ACCEPTED: "风险接受", Step.FALSE_POSITIVE: "误报", Step.REOPENED: "重新打开", Step.IDENTITY: "确认身份",
}  # fmt: skip


class Tested(NamedTuple):
    """One test. `run`, `before`: ids of runs, which hold the evidence; `identity`: whom it met, "" where nobody showed
    one; `seen`: the verdict as it counts: met another, it has told nothing of this asset."""

    number: int
    at: datetime
    verdict: State
    seen: State
    run: str
    before: str
    tester: str
    probe: str
    version: int
    identity: str


class SecurityFinding(NamedTuple):
    """One weakness of one asset, as its events tell it.

    asset: as `checks.scope.target` understands it. vantage: here, bastion or host, "" where nobody said; way: which
    bastion. probe: "" where people test it. key: which row of which report it is. days: within which it is to be
    mended, by severity. fixers: all who say that they had a hand in the repair that stands, the last of whom is
    `fixed_by`. identity: whom the tests met, or who was accepted as the asset's new one.
    """

    id: str  # "F-2026-012"
    title: str
    severity: Severity
    asset: str
    due: date
    days: int
    source: str = ""
    page: str = ""
    cve: str = ""
    cnvd: str = ""
    weakness: str = ""  # the report's class of it
    vantage: str = ""
    way: str = ""
    probe: str = ""
    params: Mapping[str, Any] = {}
    key: str = ""
    plan: str = ""
    owner: str = ""
    ticket: str = ""
    life: Life = Life.OPEN
    fixers: tuple[str, ...] = ()
    fixed_at: datetime | None = None
    evidence_before: str = ""
    evidence_after: str = ""
    verified_at: datetime | None = None
    tester: str = ""
    accepted_by: str = ""
    until: date | None = None
    identity: str = ""
    tests: tuple[Tested, ...] = ()
    events: tuple[EventRecord, ...] = ()  # all, also what was corrected since

    @property
    def names(self) -> str:
        """Its public numbers, CVE and CNVD; empty where it has none."""
        return "、".join(one for one in (self.cve, self.cnvd) if one)

    @property
    def fixed_by(self) -> str:
        """Who says that it is mended; "" while nobody does."""
        return self.fixers[-1] if self.fixers else ""

    @property
    def is_open(self) -> bool:
        """Somebody has to mend it, or to test it."""
        return not self.life.is_over and self.life is not Life.ACCEPTED

    def overdue(self, today: date) -> bool:
        """Its last day has passed, which itself counts (民法典 1259)."""
        return self.is_open and today > self.due

    def mended_by(self, name: str) -> bool:
        """Whether somebody had a hand in the repair, however the name is written."""
        return same_name(name) in map(same_name, self.fixers)


def same_name(name: str) -> str:
    """A name as names are compared: without spaces, width and case."""
    return "".join(normalize("NFKC", name).split()).casefold()


def due_follow_ups(finding: SecurityFinding, zone: ZoneInfo = CHINA) -> list[tuple[int, date]]:
    """After how many days, and on which day, what was verified is still to be looked at again: those that no test with
    a verdict has done on their day or later. Empty of what is not verified."""
    if finding.life is not Life.VERIFIED or finding.verified_at is None:
        return []
    verified = finding.verified_at.astimezone(zone).date()
    looked = [one.at.astimezone(zone).date() for one in finding.tests if one.seen is not State.UNKNOWN]
    days = [(number, verified + timedelta(days=number)) for number in FOLLOW_UPS]
    return [(number, day) for number, day in days if not any(day <= each for each in looked)]


def register(events: Iterable[EventRecord], today: date, zone: ZoneInfo = CHINA) -> list[SecurityFinding]:
    """Every finding on record, by its number.

    Args:
        events: those of kind SECURITY_FINDING, as they were entered.
        today: an accepted risk whose last day lies before it is open again.
        zone: in which days begin and end.
    """
    events = list(events)
    told: dict[str, list[EventRecord]] = {}
    for one in events:
        told.setdefault(one.subject, []).append(one)
    counting: dict[str, list[tuple[Step, EventRecord]]] = {}
    for one in standing(events):
        counting.setdefault(one.subject, []).append((Step(one.body["step"]), one))
    found = []
    for subject, steps in counting.items():
        if not (said := [one for step, one in steps if step is Step.IMPORTED]):
            continue
        finding = _imported(said[-1])
        for step, one in steps:
            if step is not Step.IMPORTED:
                on = one.entered_at.astimezone(zone).date()
                finding = _AFTER[step](_as_of(finding, on), one, one.at.astimezone(zone).date())
        found.append(_as_of(finding, today)._replace(events=tuple(told[subject])))
    return sorted(found, key=lambda one: number_of(one.id))


def number_of(name: str) -> tuple[int, int]:
    """Year and number of "F-2026-012", however many zeros there are; (0, 0) where it is no such number."""
    letter, _, rest = name.strip().upper().partition("-")
    year, _, number = rest.partition("-")
    digits = year.isascii() and year.isdigit() and number.isascii() and number.isdigit()
    return (int(year), int(number)) if letter == "F" and digits else (0, 0)


def series(year: int, number: int) -> str:
    """The name of a finding: F-2026-012."""
    return f"F-{year}-{number:03}"


def _imported(event: EventRecord) -> SecurityFinding:
    body = event.body
    texts = {
        name: body.get(name, "")
        for name in (
            "source", "page", "cve", "cnvd", "weakness", "vantage", "way", "probe", "key", "plan", "owner", "ticket"
        )
    }  # fmt: skip
    return SecurityFinding(
        id=event.subject,
        title=body["title"],
        severity=Severity(body["severity"]),
        asset=body["asset"],
        due=date.fromisoformat(body["due"]),
        days=body["days"],
        params=body.get("params", {}),
        **texts,
    )


def _as_of(finding: SecurityFinding, day: date) -> SecurityFinding:
    """An accepted risk whose last day has passed is open again, and due since."""
    if finding.life is Life.ACCEPTED and finding.until is not None and finding.until < day:
        return finding._replace(life=Life.OPEN, due=max(finding.due, finding.until))
    return finding


def _planned(before: SecurityFinding, event: EventRecord, _: date) -> SecurityFinding:
    body = event.body
    given = {name: body[name] for name in ("plan", "owner", "ticket", "vantage", "way", "probe") if body.get(name)}
    if body.get("due"):
        given["due"] = date.fromisoformat(body["due"])
    if body.get("params"):
        given["params"] = body["params"]
    life = Life.PLANNED if before.life in (Life.OPEN, Life.REOPENED) else before.life
    return before._replace(life=life, **given)


def _fixed(before: SecurityFinding, event: EventRecord, _: date) -> SecurityFinding:
    return before._replace(
        life=Life.FIXED, fixers=(*before.fixers, event.body["fixer"]), fixed_at=event.at, tester="", verified_at=None
    )


def _tested(before: SecurityFinding, event: EventRecord, day: date) -> SecurityFinding:
    """The verdict counts where it is of this finding's own probe, and of the asset whose identity is known.

    Only a repair that somebody claims can be verified, and only by somebody else; what is found again was not mended.
    """
    body = event.body
    verdict, identity, probe = State(body["verdict"]), body.get("identity", ""), body.get("probe", "")
    met = bool(identity) and identity == (before.identity or identity)
    seen = verdict if probe == before.probe and (met or not probe) else State.UNKNOWN
    test = Tested(
        event.id, event.at, verdict, seen, body["run"], body.get("before", ""), body["tester"], probe,
        body.get("version", 0), identity,
    )  # fmt: skip
    after = before._replace(tests=(*before.tests, test))
    if seen is State.UNKNOWN:
        return after._replace(life=Life.UNTESTABLE) if before.life is Life.FIXED else after
    after = after._replace(identity=before.identity or identity)
    if seen is State.OK:
        return _seen_mended(after, test)
    return _seen_again(after, test, day)


def _seen_mended(before: SecurityFinding, test: Tested) -> SecurityFinding:
    claimed = before.life in (Life.FIXED, Life.UNTESTABLE) and before.fixers
    if not claimed or before.mended_by(test.tester):
        return before
    return before._replace(
        life=Life.VERIFIED,
        verified_at=test.at,
        tester=test.tester,
        evidence_before=test.before or before.evidence_before,
        evidence_after=test.run,
    )


def _seen_again(before: SecurityFinding, test: Tested, day: date) -> SecurityFinding:
    if before.life is Life.ACCEPTED:
        return before._replace(evidence_before=test.run)  # that it is there is what was accepted
    claimed = before.life in (Life.FIXED, Life.UNTESTABLE, Life.PARTLY)
    if claimed and test.seen is State.WARN:
        after = test.run
        return before._replace(life=Life.PARTLY, evidence_before=test.before or before.evidence_before,
                               evidence_after=after)  # fmt: skip
    if claimed:
        return before._replace(life=Life.OPEN, fixers=(), evidence_before=test.run)
    if before.life.is_over:
        return _reopened_on(before, day)._replace(evidence_before=test.run)
    return before._replace(evidence_before=test.run)


def _accepted(before: SecurityFinding, event: EventRecord, _: date) -> SecurityFinding:
    until = date.fromisoformat(event.body["until"])
    return before._replace(life=Life.ACCEPTED, accepted_by=event.who, until=until, fixers=(), verified_at=None)


def _false_positive(before: SecurityFinding, _event: EventRecord, _: date) -> SecurityFinding:
    return before._replace(life=Life.FALSE_POSITIVE, fixers=(), verified_at=None)


def _reopened(before: SecurityFinding, _event: EventRecord, day: date) -> SecurityFinding:
    return _reopened_on(before, day)


def _reopened_on(before: SecurityFinding, day: date) -> SecurityFinding:
    """It has as many days as it had at first; one that nobody had closed gains none."""
    due = day + timedelta(days=before.days) if before.life.is_over or before.life is Life.ACCEPTED else before.due
    return before._replace(
        life=Life.REOPENED, due=max(due, before.due), fixers=(), verified_at=None, tester="", evidence_after=""
    )


def _identity(before: SecurityFinding, event: EventRecord, _: date) -> SecurityFinding:
    return before._replace(identity=event.body["identity"])


_AFTER: dict[Step, Callable[[SecurityFinding, EventRecord, date], SecurityFinding]] = {
    Step.PLANNED: _planned, Step.FIXED: _fixed, Step.TESTED: _tested, Step.ACCEPTED: _accepted,
    Step.FALSE_POSITIVE: _false_positive, Step.REOPENED: _reopened, Step.IDENTITY: _identity,
}  # fmt: skip
