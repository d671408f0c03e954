"""The 等保自查报告 and the 加固方案 as data: computed from the contract and the ledger's records of a month, so that
they can be computed again. Clauses 一(6), 七2(5).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import NamedTuple

from checks.baseline_check import Conformity
from checks.baseline_lines import (
    BaselineReport,
    ClauseLine,
    DifferenceLine,
    ExemptionLine,
    FailureLine,
    FindingLine,
    ManualLine,
    NotApplicableLine,
    PlanLine,
    StandardLine,
)  # fmt: skip
from checks.baseline_verdicts import BAD, Beside, ItemVerdict, site_verdicts, verdicts
from checks.clauses import BASELINE_VERSION, CLAUSES, GROUPS, Clause
from checks.contract import Contract
from checks.hardening import REMEDIES, Remedy
from checks.host import Placed
from checks.number import count, row
from checks.records import RunRecord
from checks.report_lines import Matrix, MatrixLine
from checks.safe_probe import safe_probe
from checks.slots import BASELINE_CHECK, month_of, site

WIDEST = 6
"""Hosts beside each other in one table: what an A4 page holds."""


class _Judgement(NamedTuple):
    """The verdict on one item of one host. `row`: by which slot and item, or by whose entry, it is found again."""

    verdict: ItemVerdict
    row: str


_Judged = Mapping[str, Sequence[_Judgement]]
"""By host, in the contract's order."""


def baseline_report(
    contract: Contract,
    day: date,
    runs_of: Callable[[str], Sequence[RunRecord]],
    those: Beside,
    findings: Sequence[FindingLine] = (),
) -> BaselineReport:
    """Compute the report of the month in which `day` is.

    Args:
        runs_of: a host's runs, oldest first: the month's, and those of months before, for the difference.
        those: what the verdicts take from elsewhere.
        findings: the open ones of the register.
    """
    month = month_of(day)
    now: dict[str, list[_Judgement]] = {}
    before: dict[str, list[_Judgement]] = {}
    run_ids: list[str] = []
    for name, judge in _judges(contract, those).items():
        by_month: dict[str, list[RunRecord]] = {}
        for run in runs_of(name):
            by_month.setdefault(run.slot.rpartition("/")[2], []).append(run)
        mine = by_month.get(month, [])
        run_ids += [run.id for run in mine]
        now[name] = _judged(name, month, judge(mine))
        if earlier := [one for one in by_month if one < month]:
            before[name] = _judged(name, max(earlier), judge(by_month[max(earlier)]))
    plan = tuple(_plan(now))
    return BaselineReport(
        version=BASELINE_VERSION,
        made_at=those.at.astimezone(contract.tz),
        targets=count("baseline.targets", (row("slot", f"{BASELINE_CHECK}/{name}/{month}") for name in now)),
        measures=count("baseline.measures", (row("clause", one.item.partition(" ")[0]) for one in plan)),
        total=_tally("", "合计", [one for lines in now.values() for one in lines]),
        hosts=tuple(_tally("", host, lines) for host, lines in now.items()),
        clauses=tuple(_by_clause(now)),
        matrices=tuple(_matrices(contract, now)),
        failures=tuple(_lines(now, BAD)),
        unverified=tuple(
            line for line in _lines(now, (Conformity.UNVERIFIED, Conformity.NOT_DONE)) if not _manual(line.item)
        ),
        exemptions=tuple(_exemptions(now)),
        differences=tuple(_differences(before, now)),
        compared=bool(before),
        manual=tuple(_checklist(now)),
        not_applicable=tuple(_not_applicable(now)),
        standards=tuple(
            StandardLine(item=f"{one.id} {one.title}", number=one.number, text=one.text, how=one.how,
                         maps="、".join(one.maps))
            for one in CLAUSES.values()
        ),
        plan=plan,
        findings=tuple(findings),
        run_ids=tuple(run_ids),
        rows=tuple(row("run", one) for one in run_ids),
    )  # fmt: skip


def _judged(name: str, month: str, verdicts: Iterable[ItemVerdict]) -> list[_Judgement]:
    slot = f"{BASELINE_CHECK}/{name}/{month}"
    return [
        _Judgement(one, row("event", one.event) if one.event else row("slot", f"{slot} {one.clause.id}"))
        for one in verdicts
    ]


def _judges(contract: Contract, those: Beside) -> dict[str, Callable[[Sequence[RunRecord]], list[ItemVerdict]]]:
    """By host and by address of a system: how its runs of a month are judged."""
    hosts = {placed.host.name: partial(_of_host, contract, placed, those) for placed in contract.all_hosts()}
    sites = [site(one.id) for one in contract.systems if one.id in {group.system for group in contract.hosts}]
    return {**hosts, **{name: partial(site_verdicts, contract, name) for name in sites}}


def _of_host(contract: Contract, placed: Placed, those: Beside, runs: Sequence[RunRecord]) -> list[ItemVerdict]:
    return verdicts(contract, placed, runs, those)


def _named(line: ItemVerdict) -> str:
    return f"{line.clause.id} {line.clause.title}"


def _manual(item: str) -> bool:
    return CLAUSES[item.partition(" ")[0]].manual


def _tally(number: str, title: str, lines: Iterable[_Judgement]) -> ClauseLine:
    lines = list(lines)
    rows = {name: [one.row for one in lines if one.verdict.conformity is name] for name in Conformity}
    counts = {name.name.lower(): count(f"baseline.{name.name.lower()}", found) for name, found in rows.items()}
    return ClauseLine(number=number, title=title, rows=tuple(one.row for one in lines), **counts)


def _by_clause(judged: _Judged) -> Iterator[ClauseLine]:
    every = [one for lines in judged.values() for one in lines]
    for number, title in GROUPS.items():
        if mine := [one for one in every if one.verdict.clause.group == number]:
            yield _tally(number, title, mine)


def _matrices(contract: Contract, judged: _Judged) -> Iterator[Matrix[Conformity]]:
    parts = [
        (system.name, [one.host.name for one in contract.all_hosts() if one.group.system == system.id])
        for system in contract.systems
    ]
    for title, names in [*parts, ("各系统的网址", [name for name in judged if "." in name])]:
        for first in range(0, len(names), WIDEST):
            some = names[first : first + WIDEST]
            rows = zip(*(judged[name] for name in some), strict=True)
            lines = (
                MatrixLine[Conformity](
                    item=_named(line[0].verdict),
                    cells=tuple(one.verdict.conformity for one in line),
                    rows=tuple(one.row for one in line),
                )
                for line in rows
            )
            yield Matrix[Conformity](system=title, hosts=tuple(some), lines=tuple(lines))


def _lines(judged: _Judged, wanted: Sequence[Conformity]) -> Iterator[FailureLine]:
    """By item, so that what is to be mended stands together."""
    found = [(one, host) for host, lines in judged.items() for one in lines if one.verdict.conformity in wanted]
    for (one, found_in), host in sorted(found, key=lambda pair: pair[0].verdict.clause.id):
        gone = one.expired
        yield FailureLine(
            host=host,
            item=_named(one),
            number=one.clause.number,
            conformity=one.conformity,
            summary=one.summary,
            note=f"豁免已于 {gone.until} 到期（{gone.approver} 批准）" if gone else "",
            rows=(found_in,),
        )


def _exemptions(judged: _Judged) -> Iterator[ExemptionLine]:
    for host, lines in judged.items():
        for one, found_in in lines:
            if one.exemption and one.was:
                held = one.exemption
                yield ExemptionLine(
                    host=host, item=_named(one), was=one.was, summary=one.summary,
                    why=held.why, approver=held.approver, until=held.until, rows=(found_in,),
                )  # fmt: skip


def _differences(before: _Judged, now: _Judged) -> Iterator[DifferenceLine]:
    order = {"新增": 0, "变化": 1, "已整改": 2}
    found = []
    for host, old in before.items():
        for (was, then), (one, found_in) in zip(old, now[host], strict=True):
            if was.conformity is one.conformity:
                continue
            kind = "变化"
            if was.conformity is Conformity.MET and one.conformity in BAD:
                kind = "新增"
            elif was.conformity in BAD and one.conformity is Conformity.MET:
                kind = "已整改"
            found.append(DifferenceLine(kind=kind, host=host, item=_named(one), before=was.conformity,
                                        now=one.conformity, summary=one.summary, rows=(then, found_in)))  # fmt: skip
    yield from sorted(found, key=lambda line: (order[line.kind], line.item))


def _checklist(judged: _Judged) -> Iterator[ManualLine]:
    """Hosts of which the same is to be said in one row."""
    lines: dict[tuple[str, Conformity, str], dict[str, str]] = {}
    for host, found in judged.items():
        for one, found_in in found:
            if one.clause.manual and one.counted:
                lines.setdefault((one.clause.id, one.conformity, one.summary), {})[host] = found_in
    for (item, conformity, summary), hosts in sorted(lines.items()):
        clause = CLAUSES[item]
        yield ManualLine(item=f"{item} {clause.title}", hosts=_hosts(hosts, judged), how=clause.how,
                         conformity=conformity, summary=summary, rows=tuple(hosts.values()))  # fmt: skip


def _not_applicable(judged: _Judged) -> Iterator[NotApplicableLine]:
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for host, found in judged.items():
        for one, found_in in found:
            if not one.counted:
                lines.setdefault((_named(one), one.summary), {})[host] = found_in
    for (item, why), hosts in sorted(lines.items()):
        yield NotApplicableLine(item=item, hosts=_hosts(hosts, judged), why=why, rows=tuple(hosts.values()))


def _hosts(some: Iterable[str], every: _Judged) -> str:
    known = [one for one in every if "." not in one]  # the others are systems' addresses
    return "全部主机" if list(some) == known and len(known) > 1 else "、".join(some)


def _plan(judged: _Judged) -> Iterator[PlanLine]:
    by_item: dict[str, list[FailureLine]] = {}
    for line in _lines(judged, BAD):
        by_item.setdefault(line.item, []).append(line)
    for item, hosts in by_item.items():
        measure = _measure(CLAUSES[item.partition(" ")[0]])
        yield PlanLine(item=item, number=hosts[0].number, hosts=tuple(hosts), remedy=measure.text,
                       commands=measure.commands, undo=measure.undo,
                       rows=tuple(name for line in hosts for name in line.rows))  # fmt: skip


def _measure(clause: Clause) -> Remedy:
    """The item's own, or what its probes say."""
    if clause.probes:
        return Remedy(" ".join(safe_probe(one).remedy for one in clause.probes), (), ())
    return REMEDIES[clause.id]
