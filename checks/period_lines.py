"""Rows of the tables of 周报, 月报, 季报, 半年报 and 年报. Times are in the contract's zone."""

from datetime import date, datetime

from checks.finding import State
from checks.number import Number
from checks.report_lines import ReportLine, SlotsLine


class DutyLine(SlotsLine):
    """One duty, all its targets together. `absent`: why it was not due at all; "" where it was."""

    duty: str
    title: str
    absent: str


class ExceptionLine(ReportLine):
    """Slots of one duty and day that were not done in time, for one reason. `mark`: what became of them, in a word."""

    day: date
    duty: str
    labels: str
    mark: str
    why: str


class FaultLine(ReportLine):
    """One item of one target, how many slots found it at fault, and what was seen last. `still`: it stands."""

    target: str
    item: str
    times: Number
    state: State
    last_at: datetime
    summary: str
    still: bool


class AvailabilityLine(ReportLine):
    """One system. `share`: not known where nobody probed. `points`: None while they are not determined."""

    name: str
    share: Number
    up: Number
    down: Number
    planned: Number
    unknown: Number
    judged: str
    points: Number | None


class SupportLine(AvailabilityLine):
    """One system in a support period (重保)."""

    title: str
    start: datetime
    end: datetime
    plan: str


class OutageLine(ReportLine):
    """A time in which a system was down. `end`: None while it is. `planned`: how much of it was planned downtime."""

    name: str
    start: datetime
    end: datetime | None
    took: Number
    planned: Number


class IncidentLine(ReportLine):
    """One incident. Clocks are times that were spent, printed with whether that was in time. `smooth`: every deadline
    was met, and it is over."""

    number: str
    system: str
    what: str
    found_at: datetime
    restored_at: datetime | None
    state: str
    report: Number
    response: Number
    repair: Number
    smooth: bool


class WindowLine(ReportLine):
    """One planned downtime."""

    number: str
    systems: str
    start: datetime
    end: datetime
    why: str
    state: str


class VersionLine(ReportLine):
    """A version of the contract folder. `what`: which files changed."""

    at: datetime
    who: str
    what: str


class SeverityLine(ReportLine):
    """Security findings of one severity: what happened to them in the period, and how they stand at its end."""

    severity: str
    new: Number
    mended: Number
    verified: Number
    open: Number
    overdue: Number


class RegisterLine(ReportLine):
    """One security finding that is open at the end of the period."""

    number: str
    title: str
    severity: str
    asset: str
    due: date
    stands: str


class BaselineLine(ReportLine):
    """A month's baseline check (等保自查): items that apply, that conform; the rates, of all and of the verified."""

    month: str
    applicable: Number
    met: Number
    rate: Number
    rate_of_verified: Number


class BackupLine(SlotsLine):
    """One backup: its checks, and in how many of them something was wrong. `last`: what was wrong last."""

    system: str
    title: str
    wrong: Number
    last: str


class DrillLine(ReportLine):
    """The last restore drill of one backup up to the end of the period. `at`: None: there was none."""

    system: str
    title: str
    at: datetime | None
    within: bool  # the period
    state: State | None
    took: Number
    limit: str
    point: datetime | None
    behind: Number


class ResourceLine(ReportLine):
    """One resource of one host, per cent: CPU, 内存 or a mount point. `growth`: of the last look beside the first.
    `moving`: it fills up, or is nearly full."""

    host: str
    what: str
    looks: Number
    first: Number
    last: Number
    most: Number
    growth: Number
    forecast: str
    moving: bool


class LoadLine(ReportLine):
    """CPU and memory of one host; None where nothing was read."""

    host: str
    cpu: ResourceLine | None
    memory: ResourceLine | None


class DocumentLine(ReportLine):
    """A document that was due. `handed_in`: the submission that counts, or the first where each was returned. `lost`:
    points."""

    title: str
    due: str
    handed_in: datetime | None
    verdict: str
    lost: Number


class IndicatorLine(ReportLine):
    """An indicator of the contract (七2). `verdict`: 达到, 未达到 or why that cannot be said."""

    clause: str
    demand: str
    actual: tuple[Number | str, ...]
    verdict: str
