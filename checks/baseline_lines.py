"""What the 等保自查报告 and the 加固方案 consist of: lines, tallies and the report, as data."""

from datetime import date, datetime
from fractions import Fraction

from checks.baseline_check import Conformity
from checks.number import Number, total
from checks.report_lines import Matrix, ReportLine


class Tally(ReportLine):
    """How many items, over hosts and addresses, came out as what (符合, 部分符合 …)."""

    met: Number
    partly: Number
    not_met: Number
    unverified: Number
    exempt: Number
    not_done: Number
    not_applicable: Number

    @property
    def applicable(self) -> Number:
        """The denominator: all that apply."""
        return total((self.met, self.partly, self.not_met, self.unverified, self.exempt, self.not_done))

    @property
    def verified(self) -> Number:
        """Those of them on which there is a verdict, whatever it is."""
        return total((self.met, self.partly, self.not_met))

    @property
    def rate(self) -> Number:
        """符合率: 符合 of all that apply. What is 部分符合, 豁免, or was not seen, counts as not conforming."""
        return _share(self.met, self.applicable, "baseline.rate")

    @property
    def rate_of_verified(self) -> Number:
        """符合率 of the items on which there is a verdict."""
        return _share(self.met, self.verified, "baseline.rate-of-verified")


def _share(part: Number, whole: Number, query: str) -> Number:
    """Rounded down: 99.96 % is not 100 %."""
    if not whole:
        return Number(None, query, text="—")
    share = Fraction(part.value or 0) / Fraction(whole.value or 1)
    return Number(share, query, whole.rows, f"{share * 1000 // 1 / 10:.1f}%")


class ClauseLine(Tally):
    """A requirement, or one host, and how its items came out."""

    number: str
    title: str


class FailureLine(ReportLine):
    """One item of one host that does not conform, or could not be verified. `note`: of an exemption that expired."""

    host: str
    item: str
    number: str
    conformity: Conformity
    summary: str
    note: str = ""


class ExemptionLine(ReportLine):
    """An exemption that is in force. `was`: what the item would be without it."""

    host: str
    item: str
    was: Conformity
    summary: str
    why: str
    approver: str
    until: date


class DifferenceLine(ReportLine):
    """What has changed since the host was last looked at, in an earlier month."""

    kind: str  # 新增, 已整改, 变化
    host: str
    item: str
    before: Conformity
    now: Conformity
    summary: str


class ManualLine(ReportLine):
    """One row of the checklist for people. `summary`: what was entered, if anything was."""

    item: str
    hosts: str
    how: str
    conformity: Conformity
    summary: str


class NotApplicableLine(ReportLine):
    """Items that do not apply, with the reason."""

    item: str
    hosts: str
    why: str


class StandardLine(ReportLine):
    """One item of the baseline: what is wanted, how it is looked at."""

    item: str
    number: str
    text: str
    how: str
    maps: str


class PlanLine(ReportLine):
    """One measure of the 加固方案: for a person to review, never executed by us."""

    item: str
    number: str
    hosts: tuple[FailureLine, ...]
    remedy: str
    commands: tuple[str, ...]
    undo: tuple[str, ...]


class FindingLine(ReportLine):
    """An open security finding, and how its weakness is mended."""

    number: str
    title: str
    asset: str
    severity: str
    remedy: str


class BaselineReport(ReportLine):
    """All that the templates need. Times are in the contract's zone."""

    version: str
    made_at: datetime
    targets: Number  # hosts and addresses
    measures: Number  # items that are to be mended somewhere
    total: ClauseLine
    hosts: tuple[ClauseLine, ...]
    clauses: tuple[ClauseLine, ...]
    matrices: tuple[Matrix[Conformity], ...]
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
