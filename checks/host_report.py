"""The 周巡检报告 as data: computed from the contract and the ledger's records, so it can be computed again.

Heading: inspection-items, Reports: 服务器巡检（主机×项目）. What could not be read stands apart: it is not fine.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from math import ceil, inf

from checks import host_standards, log_table
from checks.contract import Contract
from checks.downtime import Window, planned_during
from checks.feedback import Feedback
from checks.host_check import host_checks
from checks.host_lines import (
    AnomalyLine,
    Blank,
    CapacityLine,
    Cell,
    HostReport,
    LogLine,
    LogSummary,
)
from checks.host_standards import is_service, label
from checks.host_week import FAULTS, HostWeek, host_week, week_before, worst_of
from checks.hosts import logs
from checks.number import Number, count
from checks.records import RunRecord
from checks.report_lines import Matrix, MatrixLine, counted
from checks.slots import host_slots, week_of

WIDEST = 6
"""Hosts beside each other in one table: what an A4 page holds."""


def host_report(
    contract: Contract,
    monday: date,
    runs_of: Callable[[str], Sequence[RunRecord]],
    feedback: Feedback = Feedback(),  # noqa: B008 - a tuple
    windows: Sequence[Window] = (),
) -> HostReport:
    """Compute the week's report.

    Args:
        monday: or any other day of the week.
        runs_of: a host's runs, oldest first: the week's, of which the last one that looked at an item counts, and
            those of weeks before: how long a fault has lasted, and how fast disks fill up.
        feedback: who was told of what, and when.
        windows: planned downtimes on record.
    """
    week, monday = week_of(monday), monday - timedelta(days=monday.weekday())
    slots = list(host_slots(contract, monday))
    hosts = [host_week(contract, contract.host(slot.target), week, runs_of(slot.target)) for slot in slots]
    volumes = [line for host in hosts for line in host.volumes()]
    return HostReport(
        hosts=tuple(host.line() for host in hosts),
        matrices=tuple(_matrices(hosts)),
        anomalies=tuple(sorted((line for host in hosts for line in host.anomalies(feedback)), key=_mildness)),
        unseen=tuple(line for host in hosts for line in host.unseen()),
        services=tuple(line for host in hosts for line in host.services()),
        capacity=tuple(
            sorted((line for line in volumes if line.full is not None or _mildness(line) < 2), key=_soonest)
        ),
        volumes=counted("hosts.volumes", volumes),
        logs=_logs(hosts),
        leftovers=tuple(line for host in hosts for line in host.leftovers()),
        planned=planned_during(
            contract,
            windows,
            [(host.placed.group.system, host.run.started_at, host.run.ended_at) for host in hosts if host.run],
        ),
        mended=tuple(line for host in hosts for line in host.mended()),
        exempt=tuple(host_standards.exempt({host.name: host.exempt for host in hosts})),
        standards=tuple(host_standards.standards({host.name: host.planned for host in hosts})),
        thresholds=tuple(host_standards.thresholds({host.name: host.planned for host in hosts})),
    )


def _mildness(line: AnomalyLine | CapacityLine) -> int:
    return FAULTS.index(line.state) if line.state in FAULTS else len(FAULTS)


def _soonest(line: CapacityLine) -> tuple[Number, Number]:
    return Number(inf) if line.full is None else line.full, Number(0) - line.percent


def _matrices(hosts: Sequence[HostWeek]) -> Iterator[Matrix[Cell]]:
    """Tables of about the same width, with a row for all services together."""
    for system in dict.fromkeys(host.system for host in hosts):
        its = [host for host in hosts if host.system == system]
        known = [check.id for check in host_checks()]
        strange = sorted({item for host in its for item in host.items} - set(known))
        items = [item for item in (*known, *strange) if not is_service(item)]
        width = ceil(len(its) / ceil(len(its) / WIDEST))
        for first in range(0, len(its), width):
            part = its[first : first + width]
            lines = [
                MatrixLine[Cell](item=label(item), cells=tuple(host.cell(item) for host in part)) for item in items
            ]
            services = MatrixLine[Cell](item="数据库与中间件", cells=tuple(_service_cell(host) for host in part))
            yield Matrix[Cell](system=system, hosts=tuple(host.name for host in part), lines=(*lines, services))


def _service_cell(host: HostWeek) -> Cell:
    cells = [line.state for line in host.services()]
    due = [cell for cell in cells if cell is not Blank.NOT_APPLICABLE]
    if not due:
        return Blank.NOT_APPLICABLE if cells else Blank.NOT_DUE
    return Blank.NOT_DONE if set(due) == {Blank.NOT_DONE} else worst_of(due)


def _logs(hosts: Sequence[HostWeek]) -> LogSummary:
    read = {host.name: host for host in hosts if host.logs.now}
    shown = log_table.table({name: host.logs for name, host in read.items()})
    rows = {name: host.place(logs.CHECK.id) for name, host in read.items()}
    return LogSummary(
        lines=tuple(_log_line(one, read[one.host]) for one in shown.rows),
        more_kinds=Number(shown.more_kinds, "hosts.log_kinds", tuple(rows.values())),
        more_lines=Number(shown.more_lines, "hosts.log_lines", tuple(rows.values())),
        read=count("hosts.logs", rows.values()),
        unread=tuple(host.name for host in hosts if logs.CHECK.id in host.planned and host.name not in read),
        incomplete=shown.incomplete,
    )


def _log_line(one: log_table.Row, host: HostWeek) -> LogLine:
    now, before = (host.place(logs.CHECK.id, week) for week in (host.week, week_before(host.week)))
    return LogLine(
        rows=(now,),
        host=one.host,
        source=one.source,
        level=one.level,
        text=one.text,
        found=Number(one.found, "hosts.log_lines", (now,)),
        before=None if one.before is None else Number(one.before, "hosts.log_lines", (before,)),
        new=one.new,
    )
