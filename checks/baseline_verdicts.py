"""The verdicts on one host for one month: what was read on it, what other duties have on record, what people entered.

Nothing here is stored: the ledger's runs and events and the contract are, and this is computed from them.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from checks.baseline_check import Conformity
from checks.clauses import CLAUSES, ON_HOSTS, ON_SITES, Clause
from checks.contract import Contract
from checks.entries import Who
from checks.exemption import Exemption
from checks.finding import State, worst
from checks.host import Placed
from checks.records import Event, EventRecord, FindingRecord, RunRecord, merged, standing
from checks.slots import RequestError

BASELINE_MANUAL = "baseline-manual"
"""The kind of event by which a person enters the verdict on a manual item."""

HOLDS = timedelta(days=365)
"""How long such a verdict holds: as long as a yearly self-check."""

CHECKED, RESTORED = timedelta(days=2), timedelta(days=92)
"""How old the last backup check and the last restore drill may be: a day and a night to spare; a quarter."""

ENTERED = (Conformity.MET, Conformity.PARTLY, Conformity.NOT_MET, Conformity.NOT_APPLICABLE)
"""What may be entered by hand."""

BAD = (Conformity.PARTLY, Conformity.NOT_MET)
OFFSITE = "BK10"


class ItemVerdict(NamedTuple):
    """One item of one host. `was`: what it would be without the exemption. `expired`: an exemption that no longer
    holds. `event`: by which a person has entered it, 0 where nobody has."""

    clause: Clause
    conformity: Conformity
    summary: str
    exemption: Exemption | None = None
    was: Conformity | None = None
    expired: Exemption | None = None
    event: int = 0

    @property
    def counted(self) -> bool:
        """Whether it is in the denominator."""
        return self.conformity is not Conformity.NOT_APPLICABLE


class BackupStanding(NamedTuple):
    """What the ledger says of one backup: when it was last checked, with which verdicts; when it was last restored."""

    title: str
    checked_at: datetime | None
    checked: dict[str, State]
    drilled: bool  # the contract wants restore drills
    restored_at: datetime | None
    restored: State | None


class Beside(NamedTuple):
    """What the verdicts of a month take from elsewhere. `at`: as of when."""

    at: datetime
    backups: dict[str, list[BackupStanding]]  # by host
    entered: dict[tuple[str, str], EventRecord]  # by item and host


def manual_entry(
    contract: Contract, item: str, host: str, verdict: str, by: Who, now: datetime, corrects: int | None = None
) -> Event:
    """A person's verdict on a manual item.

    Raises:
        RequestError: no manual item, host, verdict or person of that name.
    """
    manual = [one for one in CLAUSES.values() if one.manual]
    if item not in [one.id for one in manual]:
        raise RequestError(f"{item} 不是人工核查的项目；可登记：{'、'.join(f'{one.id} {one.title}' for one in manual)}")
    if host not in (known := [placed.host.name for placed in contract.all_hosts()]):
        raise RequestError(f"合同里没有主机 {host}；可选：{'、'.join(known)}")
    if verdict not in ENTERED:
        raise RequestError(f"结论写 {'、'.join(ENTERED)} 之一")
    if not by.name.strip() or not by.why.strip():
        raise RequestError("登记人工核查要写明谁查的（--who）和看到什么（--why）")
    return Event(
        kind=BASELINE_MANUAL, subject=f"{item}/{host}", at=now, who=by.name, why=by.why, via=by.via,
        body={"verdict": verdict}, corrects=corrects,
    )  # fmt: skip


def beside(
    contract: Contract,
    at: datetime,
    checks: Iterable[RunRecord],
    drills: Iterable[RunRecord],
    events: Iterable[EventRecord],
) -> Beside:
    """Put together what verdicts take from elsewhere.

    Args:
        checks: runs of the backup check until `at`, oldest first. drills: likewise of the restore drill.
        events: the manual verdicts on record.
    """
    entered = {
        (item, host): event
        for event in standing(events)
        if at - HOLDS <= event.at <= at
        for item, _, host in (event.subject.partition("/"),)
    }
    backups: dict[str, list[BackupStanding]] = {}
    by_target = [_by_target(runs) for runs in (checks, drills)]
    for placed in contract.all_backups():
        check, drill = (found.get(placed.target) for found in by_target)
        one = BackupStanding(
            title=placed.backup.title,
            checked_at=check.started_at if check else None,
            checked={record.finding.check: record.finding.state for record in check.latest()} if check else {},
            drilled=placed.backup.restore is not None,
            restored_at=drill.started_at if drill else None,
            restored=worst(record.finding.state for record in drill.latest()) if drill else None,
        )
        restore = placed.backup.restore
        hosts = {placed.backup.at.host or "", restore.source.host if restore and restore.source else ""}
        for host in hosts - {""}:
            backups.setdefault(host, []).append(one)
    return Beside(at, backups, entered)


def _by_target(runs: Iterable[RunRecord]) -> dict[str, RunRecord]:
    """The last run that found something."""
    return {run.slot.split("/")[1]: run for run in runs if run.findings}


def verdicts(contract: Contract, placed: Placed, runs: Sequence[RunRecord], those: Beside) -> list[ItemVerdict]:
    """The verdict on every clause, in their order.

    Args:
        runs: the host's of the month, oldest first.
    """
    run = merged(runs)
    found = {one.finding.check: one for one in run.latest()} if run else {}
    name = placed.host.name
    exempt = placed.group.baseline_not_applicable(placed.host)
    on = those.at.astimezone(contract.tz).date()
    lines = []
    for clause in ON_HOSTS:
        record = found.get(clause.id)
        if record:  # what is on record is shown, whatever the contract says by now
            lines.append(_recorded(contract, name, clause, record))
        elif why := exempt.get(clause.id):
            lines.append(ItemVerdict(clause, Conformity.NOT_APPLICABLE, why))
        else:
            lines.append(_exempted(contract, name, _elsewhere(clause, placed, those), on))
    return lines


def site_verdicts(contract: Contract, name: str, runs: Sequence[RunRecord]) -> list[ItemVerdict]:
    """The verdict on every web-facing clause of one system's address, as the ledger calls it: `oa.web`."""
    run = merged(runs)
    found = {one.finding.check: one for one in run.latest()} if run else {}
    return [
        _recorded(contract, name, clause, found[clause.id])
        if clause.id in found
        else ItemVerdict(clause, Conformity.NOT_DONE, "本月没有执行")
        for clause in ON_SITES
    ]


def _recorded(contract: Contract, name: str, clause: Clause, record: FindingRecord) -> ItemVerdict:
    line = ItemVerdict(clause, Conformity.of(record.finding.state), record.finding.summary)
    return _exempted(contract, name, line, record.at.astimezone(contract.tz).date())


def _elsewhere(clause: Clause, placed: Placed, those: Beside) -> ItemVerdict:
    host = placed.host.name
    if clause.manual:
        event = those.entered.get((clause.id, host))
        if event is None:
            return ItemVerdict(clause, Conformity.UNVERIFIED, f"待人工核查；结论一经登记，{HOLDS.days} 天内有效")
        said = f"{event.who} {event.at:%Y-%m-%d} 核查：{event.why}"
        return ItemVerdict(clause, Conformity(event.body["verdict"]), said, event=event.id)
    if clause.id in _FROM_BACKUPS:
        known = those.backups.get(host, [])
        if not known:
            return ItemVerdict(clause, Conformity.NOT_APPLICABLE, "合同没有写这台主机上的备份")
        judged = [_FROM_BACKUPS[clause.id](one, those.at) for one in known]
        state = worst(state for state, _ in judged)
        said = "；".join(what for its, what in judged if its is state)
        return ItemVerdict(clause, Conformity.of(state), said)
    return ItemVerdict(clause, Conformity.NOT_DONE, "本月没有执行")


def _checked(one: BackupStanding, at: datetime) -> tuple[State, str] | None:
    """Why the backup check says nothing; None where it does."""
    if one.checked_at is None or at - one.checked_at > CHECKED:
        last = f"最近一次 {one.checked_at:%Y-%m-%d}" if one.checked_at else "没有做过"
        return State.UNKNOWN, f"{one.title}：备份检查{last}，期望每天"
    return None


def _restorable(one: BackupStanding, at: datetime) -> tuple[State, str]:
    """B25: within RPO and readable, and proved by a restore."""
    if unknown := _checked(one, at):
        return unknown
    state = worst(its for item, its in one.checked.items() if item != OFFSITE)
    if state is not State.OK:
        return state, f"{one.title}：备份检查{state.label}，期望正常"
    if not one.drilled:
        return State.WARN, f"{one.title}：备份检查正常，合同没有要求恢复演练，期望演练过"
    if one.restored_at is None or at - one.restored_at > RESTORED:
        return State.WARN, f"{one.title}：备份检查正常，{RESTORED.days} 天内没有恢复演练的记录，期望有"
    if one.restored is not State.OK:
        return one.restored or State.UNKNOWN, f"{one.title}：恢复演练 {one.restored_at:%Y-%m-%d} 没有通过，期望通过"
    return State.OK, f"{one.title}：备份检查正常，恢复演练 {one.restored_at:%Y-%m-%d} 通过"


def _offsite(one: BackupStanding, at: datetime) -> tuple[State, str]:
    """B26: the copy elsewhere."""
    if unknown := _checked(one, at):
        return unknown
    if OFFSITE not in one.checked:
        return State.CRIT, f"{one.title}：没有异地副本，期望有"
    state = one.checked[OFFSITE]
    return state, f"{one.title}：异地副本{state.label}，期望正常"


_FROM_BACKUPS = {"B25": _restorable, "B26": _offsite}


def _exempted(contract: Contract, name: str, line: ItemVerdict, on: date) -> ItemVerdict:
    """Shown as 豁免 where one holds; one that has expired is shown, too, and changes nothing."""
    if line.conformity not in (*BAD, Conformity.UNVERIFIED):
        return line
    about = [one for one in contract.exemptions if one.about(line.clause.id, name)]
    held = next((one for one in about if one.holds(line.clause.id, name, on)), None)
    if held:
        return line._replace(conformity=Conformity.EXEMPT, was=line.conformity, exemption=held)
    return line._replace(expired=about[-1] if about else None)
