"""The closing table of a duty that was run from the shell: what this run put on record, read back from the ledger."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from checks.contract import Contract
from checks.finding import State, worst
from checks.slots import (
    BACKUP_CHECK,
    BASELINE_CHECK,
    HOST_INSPECTION,
    PAGE_INSPECTION,
    RESTORE_DRILL,
    RETEST,
    month_of,
    week_of,
)
from tasks.settings import Settings

if TYPE_CHECKING:
    from checks.records import RunRecord

COLOURS = {State.OK: "green", State.WARN: "yellow", State.CRIT: "bold red", State.UNKNOWN: "magenta"}


def pages(contract: Contract, on: date, flow_run_id: str, settings: Settings, out: Console) -> None:
    """A line per page."""
    from checks.daily_report import daily_report
    from tasks.ledger import Ledger

    runs = [run for run in Ledger(settings.ledger).runs(PAGE_INSPECTION, on, on) if run.flow_run_id == flow_run_id]
    report = daily_report(contract, on, runs, [])
    looked_at = {line.name for line in report.systems if line.run_id}
    lines = [line for line in report.pages if line.system in looked_at]
    table = _table(f"页面巡检 {on}", "系统", "页面", "状态", "最慢一步", "结果")
    for line in lines:
        word, colour = (line.state.label, COLOURS[line.state]) if line.state else ("未执行", "magenta")
        seconds = "—" if line.seconds is None else f"{line.seconds} 秒"
        table.add_row(line.system, line.page, f"[{colour}]{word}[/{colour}]", seconds, escape(line.summary))
    out.print(table)
    for line in lines:
        if line.state is not State.OK and line.screenshot:
            picture = settings.evidence_dir / line.screenshot.path
            out.print(f"截图：{line.system} {line.page}  {picture}", highlight=False, soft_wrap=True, markup=False)
    _files(settings, f"日报-{on}", out)


def _files(settings: Settings, stem: str, out: Console) -> None:
    for path in sorted(settings.reports_dir.glob(f"{stem}.*")):
        if path.suffix != ".json":  # the list of its figures
            out.print(f"报告：{path}", highlight=False, soft_wrap=True, markup=False)


def hosts(contract: Contract, on: date, flow_run_id: str, settings: Settings, out: Console) -> None:
    """A line per host, and every item not well."""
    from checks.host_check import host_checks
    from tasks.ledger import Ledger

    monday = on - timedelta(days=on.weekday())
    runs = Ledger(settings.ledger).runs(HOST_INSPECTION, monday, on)
    found = {run.slot.split("/")[1]: run for run in runs if run.flow_run_id == flow_run_id}
    titles = {check.id: check.title for check in host_checks()}
    table = _table(f"主机巡检 {week_of(on)}", "主机", "用途", "状态", "正常", "不正常的项目")
    for placed in contract.all_hosts():
        if run := found.get(placed.host.name):
            table.add_row(placed.host.name, escape(placed.host.role), *_items(run, titles))
    out.print(table)
    _files(settings, f"周巡检报告-{week_of(on)}", out)


def backups(contract: Contract, on: date, flow_run_id: str, settings: Settings, out: Console) -> None:
    """A line per backup with its newest copy, and every item not well."""
    from checks.backup_check import backup_checks, bytes_of, clock, hours
    from tasks.ledger import Ledger

    runs = Ledger(settings.ledger).runs(BACKUP_CHECK, on, on)
    found = {run.slot.split("/")[1]: run for run in runs if run.flow_run_id == flow_run_id}
    titles = {check.id: check.title for check in backup_checks()}
    table = _table(f"备份检查 {on}", "备份", "最新一份", "大小", "状态", "正常", "不正常的项目")
    for placed in contract.all_backups():
        if run := found.get(placed.target):
            newest = next((copy for visit in run.backup_visits for copy in visit.copies[:1]), None)
            name, size = "—", "—"
            if newest:
                began = run.started_at.astimezone(contract.tz)
                age = f"{hours(began - newest.at)}前" if newest.at <= began else "时间在将来"
                name, size = f"{newest.name}\n{clock(newest.at, began)}，{age}", bytes_of(newest.size)
            table.add_row(f"{placed.target}\n{escape(placed.backup.title)}", escape(name), size, *_items(run, titles))
    out.print(table)


def drills(contract: Contract, on: date, flow_run_id: str, settings: Settings, out: Console) -> None:
    """A line per backup with what was restored of it, and every item not well."""
    from checks.restore_check import restore_checks
    from checks.restore_report import restore_report
    from tasks.ledger import Ledger

    ledger = Ledger(settings.ledger)
    runs = [run for run in ledger.runs(RESTORE_DRILL, on.replace(day=1), on) if run.flow_run_id == flow_run_id]
    found = {run.slot.split("/")[1]: run for run in runs}
    titles = {check.id: check.title for check in restore_checks()}
    columns = ("备份", "恢复的备份", "用时", "恢复点", "状态", "正常", "不正常的项目")
    table = _table(f"恢复演练 {month_of(on)}", *columns)
    for line in restore_report(contract, on, runs).drills:
        if run := found.get(line.target):
            point = f"{line.point:%m-%d %H:%M}\n备份前 {line.behind}" if line.point else "—"
            took = "—" if line.took is None else line.took.shown
            heads = (f"{line.target}\n{line.title}", line.copy_name or "—", took, point)
            table.add_row(*(escape(one) for one in heads), *_items(run, titles))
    out.print(table)
    _files(settings, f"恢复演练报告-{month_of(on)}", out)


def baseline(contract: Contract, on: date, flow_run_id: str, settings: Settings, out: Console) -> None:
    """A line per host, and every item that does not conform."""
    from checks.baseline_check import Conformity
    from checks.clauses import CLAUSES
    from tasks.ledger import Ledger

    runs = Ledger(settings.ledger).runs(BASELINE_CHECK, on.replace(day=1), on)
    found = {run.slot.split("/")[1]: run for run in runs if run.flow_run_id == flow_run_id}
    titles = {clause.id: clause.title for clause in CLAUSES.values()}
    table = _table(f"等保自查 {month_of(on)}", "主机", "用途", "状态", "符合", "其余的项目")
    roles = {placed.host.name: placed.host.role for placed in contract.all_hosts()}
    for name, run in sorted(found.items()):
        words = _items(run, titles, lambda state: Conformity.of(state).label)
        table.add_row(name, escape(roles.get(name, "网址")), *words)
    out.print(table)
    _files(settings, f"等保自查报告-{month_of(on)}", out)
    _files(settings, f"加固方案-{month_of(on)}", out)


def retests(numbers: list[str], flow_run_id: str, settings: Settings, out: Console) -> None:
    """A line per finding: the result and why."""
    from checks.retest import result_of
    from tasks.ledger import Ledger

    ledger = Ledger(settings.ledger)
    table = _table("整改复测", "漏洞", "结论", "依据")
    for number in numbers:
        runs = [run for run in ledger.runs(RETEST, date.min, date.max, number) if run.flow_run_id == flow_run_id]
        for verdict in (record.finding for run in runs for record in run.findings):
            if result := result_of(verdict):
                colour = COLOURS[verdict.state]
                table.add_row(number, f"[{colour}]{result.value}[/{colour}]", escape(verdict.summary))
    out.print(table)
    for number in numbers:
        _files(settings, f"整改复测报告-{number}", out)


def _table(title: str, *heads: str) -> Table:
    """Cells are folded: cut off, a file's name would not be told from its neighbours'."""
    table = Table(title=title, title_justify="left")
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def _items(
    run: "RunRecord", titles: dict[str, str], label: Callable[[State], str] = lambda state: state.label
) -> tuple[str, str, str]:
    """The state that wins, in the duty's own words, how many items are well, and a line for each that is not."""
    records = run.latest()
    state = worst(record.finding.state for record in records)
    bad = sorted((one.finding for one in records if one.finding.state is not State.OK), key=lambda one: one.state)
    lines = []
    for (verdict, said), those in groupby(bad, key=lambda one: (label(one.state), one.summary)):
        names = [f"{one.check} {titles.get(one.check, '')}" for one in those]
        every = len(names) == len(records)
        lines.append(("全部" if every else "、".join(names) + " ") + f"{verdict}：{said}")
    word = f"[{COLOURS[state]}]{label(state)}[/{COLOURS[state]}]"
    return word, f"{len(records) - len(bad)}/{len(records)}", escape("\n".join(lines)) or "—"
