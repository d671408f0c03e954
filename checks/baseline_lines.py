"""What the 等保自查报告 and the 加固方案 consist of: lines, tallies and the report, as data."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from checks.baseline_check import Conformity
from checks.daily_report import Line
from checks.secrecy import Grade


class Tally(Line):
    """How many items of hosts came out how."""

    met: int
    partly: int
    not_met: int
    unverified: int
    exempt: int
    not_done: int
    not_applicable: int

    @property
    def applicable(self) -> int:
        """The denominator: all that apply."""
        return self.met + self.partly + self.not_met + self.unverified + self.exempt + self.not_done

    @property
    def verified(self) -> int:
        """Those of them on which there is a verdict, whatever it is."""
        return self.met + self.partly + self.not_met

    @property
    def rate(self) -> str:
        """符合率: 符合 of all that apply. What is 部分符合, 豁免, or was not seen, counts as not conforming."""
        return _percent(self.met, self.applicable)

    @property
    def rate_of_verified(self) -> str:
        """Of those on which there is a verdict."""
        return _percent(self.met, self.verified)


def _percent(part: int, whole: int) -> str:
    """Rounded down: 99.96 % is not 100 %."""
    return f"{part * 1000 // whole / 10:.1f}%" if whole else "—"


class ClauseLine(Tally):
    """A requirement, or one host, and how its items came out."""

    number: str
    title: str


class MatrixLine(Line):
    """One item on the hosts of its matrix."""

    item: str
    cells: tuple[Conformity, ...]


class Matrix(Line):
    """Items × hosts of one system; a system of many hosts has several."""

    system: str
    hosts: tuple[str, ...]
    lines: tuple[MatrixLine, ...]


class FailureLine(Line):
    """One item of one host that does not conform, or could not be verified. `note`: of an exemption that expired."""

    host: str
    item: str
    number: str
    conformity: Conformity
    summary: str
    note: str = ""


class ExemptionLine(Line):
    """One that holds: what the item would be without it."""

    host: str
    item: str
    was: Conformity
    summary: str
    why: str
    approver: str
    until: date


class DifferenceLine(Line):
    """What has changed since the host was last looked at, in an earlier month."""

    kind: str  # 新增, 已整改, 变化
    host: str
    item: str
    before: Conformity
    now: Conformity
    summary: str


class ManualLine(Line):
    """One row of the checklist for people. `summary`: what was entered, if anything was."""

    item: str
    hosts: str
    how: str
    conformity: Conformity
    summary: str


class NotApplicableLine(Line):
    """Items that do not apply, with the reason."""

    item: str
    hosts: str
    why: str


class StandardLine(Line):
    """One item of the baseline: what is wanted, how it is looked at."""

    item: str
    number: str
    text: str
    how: str
    maps: str


class PlanLine(Line):
    """One measure of the 加固方案: for a person to review, never executed by us."""

    item: str
    number: str
    hosts: tuple[FailureLine, ...]
    remedy: str
    commands: tuple[str, ...]
    undo: tuple[str, ...]


class FindingLine(Line):
    """An open security finding, and how its weakness is mended."""

    number: str
    title: str
    asset: str
    severity: str
    remedy: str


class BaselineReport(BaseModel):
    """All that the templates need. Times are in the contract's zone."""

    model_config = ConfigDict(frozen=True)

    contract: str
    client: str
    contractor: str
    grade: Grade
    head: str
    month: str
    version: str
    made_at: datetime
    total: ClauseLine
    hosts: tuple[ClauseLine, ...]
    clauses: tuple[ClauseLine, ...]
    matrices: tuple[Matrix, ...]
    failures: tuple[FailureLine, ...]
    unverified: tuple[FailureLine, ...]
    exemptions: tuple[ExemptionLine, ...]
    differences: tuple[DifferenceLine, ...]
    compared: bool  # there was an earlier month to compare with
    manual: tuple[ManualLine, ...]
    not_applicable: tuple[NotApplicableLine, ...]
    standards: tuple[StandardLine, ...]
    plan: tuple[PlanLine, ...]
    findings: tuple[FindingLine, ...] = ()
    run_ids: tuple[str, ...]
