"""整改复测: what a look at a finding says now, held against the look that once showed the weakness.

Source: inspection-items, 漏洞整改复测. Unreachable is not repaired; what cannot be compared is not repaired either.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from checks.finding import Finding, Reason, State
from checks.records import EvidenceRecord, RunRecord
from checks.visit import ProbeVisit

VERDICT = "retest"
"""Under which check the verdict stands on record, beside what the probe itself has found."""


class Result(StrEnum):
    """What a retest comes to."""

    REPAIRED = "已修复"
    PARTLY = "部分修复"
    NOT_REPAIRED = "未修复"
    UNTESTABLE = "无法复测"

    @property
    def state(self) -> State:
        """As the register and the ledger have it."""
        return _STATES[self]


_STATES = {
    Result.REPAIRED: State.OK,
    Result.PARTLY: State.WARN,
    Result.NOT_REPAIRED: State.CRIT,
    Result.UNTESTABLE: State.UNKNOWN,
}


def result_of(finding: Finding) -> Result | None:
    """The result that a verdict on record stands for; None where it is none of a retest."""
    return next((one for one in Result if one.state is finding.state), None) if finding.check == VERDICT else None


class Taken(NamedTuple):
    """One look on record, with the file that proves it."""

    run: str
    visit: ProbeVisit
    finding: Finding
    evidence: EvidenceRecord | None

    @property
    def shows(self) -> bool:
        """The weakness was there, or was there in part."""
        return self.finding.state in (State.CRIT, State.WARN)


class Retested(NamedTuple):
    """The result, one line why, and the look before with which it was compared."""

    result: Result
    why: str
    before: Taken | None = None
    reason: Reason | None = None  # of UNTESTABLE

    @property
    def finding(self) -> Finding:
        """As a verdict on record."""
        return Finding(check=VERDICT, state=self.result.state, summary=self.why, reason=self.reason)


def looks(runs: Iterable[RunRecord]) -> list[Taken]:
    """The looks of some runs, in their order; what was cut off before it was judged is none."""
    found = []
    for run in runs:
        for visit in run.probe_visits:
            judged = (
                one.finding for one in run.findings if one.target == visit.target and one.attempt == visit.attempt
            )
            finding = next((one for one in judged if one.check == visit.probe), None)
            file = next((one for one in run.evidence if one.attempt == visit.attempt), None)
            found += [Taken(run.id, visit, finding, file)] if finding else []
    return found


def compared(now: Taken, earlier: Sequence[Taken], identity: str) -> Retested:
    """Judge a look by what was seen before. That it is there needs no before; that it is mended does.

    Args:
        earlier: the looks at the same finding, oldest first.
        identity: whom its asset is known as; "" where nobody has met it yet.
    """
    seen, name = now.visit, now.visit.target
    if identity and seen.identity and seen.identity != identity:
        remedy = f"确属更换的，核实后用 xunjian findings identity {name} 登记"
        why = f"应答的不是同一台：原来是 {identity}，现在是 {seen.identity}；{remedy}"
        return Retested(Result.UNTESTABLE, why, reason=Reason.HOST_KEY)
    if now.finding.reason is not None:
        return Retested(Result.UNTESTABLE, f"没有测到：{now.finding.summary}", reason=now.finding.reason)
    if not seen.identity:
        return Retested(Result.UNTESTABLE, "对方没有出示身份，不知道是不是同一台", reason=Reason.HOST_KEY)
    showed = [one for one in earlier if one.shows]
    before = next((one for one in reversed(showed) if not _unlike(one.visit, seen, identity)), None)
    if before is None and now.shows:
        return Retested(Result.NOT_REPAIRED, f"{_says(now)}（整改前没有可对比的证据）")
    if before is None:
        return Retested(Result.UNTESTABLE, _incomparable(showed, seen, identity), reason=Reason.INCOMPLETE)
    why = f"整改前（{before.finding.state.label}）：{before.finding.summary}。{_says(now)}"
    return Retested(_result(before.finding.state, now.finding.state), why, before)


def _says(now: Taken) -> str:
    return f"现在（{now.finding.state.label}）：{now.finding.summary}"


def _result(before: State, now: State) -> Result:
    if now is State.OK:
        return Result.REPAIRED
    # In part is better than wholly; what was there in part before has not changed.
    return Result.PARTLY if (before, now) == (State.CRIT, State.WARN) else Result.NOT_REPAIRED


def _incomparable(showed: Sequence[Taken], now: ProbeVisit, identity: str) -> str:
    command = f"xunjian probe {now.probe} {now.asset} --finding {now.target} --before"
    if not showed:
        return f"没有整改前的证据，不能说是修好的；漏洞还在时先用 {command} 取证"
    return f"与整改前的证据不能对比：{_unlike(showed[-1].visit, now, identity)}；漏洞还在时用 {command} 重新取证"


def _unlike(before: ProbeVisit, now: ProbeVisit, identity: str) -> str:
    """In which respect two looks did not ask the same of the same; "" where they did."""
    pairs = (
        ("身份", identity or before.identity, now.identity),  # a new one that was accepted is the same one
        ("资产", before.asset, now.asset),
        ("探测项", before.probe, now.probe),
        ("探测项的版本", before.version, now.version),
        ("参数", before.params, now.params),
        ("位置", f"{before.vantage} {before.way}".strip(), f"{now.vantage} {now.way}".strip()),
    )
    return next((f"{what}不同，原来 {was}，现在 {is_now}" for what, was, is_now in pairs if was != is_now), "")
