"""巡检结果当日反馈: what came of the day's inspections, told on the same day even when all is well. Annex 4."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from checks.backup_check import backup_checks
from checks.contract import Contract, System
from checks.finding import State, worst
from checks.incident_news import WATCH
from checks.incidents import Incident
from checks.records import Event, FindingRecord
from checks.secrecy import Grade

_DETAILS = 20


class Result(NamedTuple):
    """A day's results in words, with their grades. `subject`: what it is called on record; `complete`: all pages and
    backups that are due have a verdict of today."""

    subject: str
    complete: bool
    lines: tuple[tuple[Grade, str], ...]

    def event(self, kind: str, at: datetime) -> Event:
        """As it is put on record, to be told from there."""
        body = {"complete": self.complete, "lines": [[int(grade), text] for grade, text in self.lines]}
        why = self.lines[0][1]
        return Event(kind=kind, subject=self.subject, at=at, who="巡检程序", why=why, via=WATCH, body=body)


def daily_result(
    contract: Contract,
    day: date,
    verdicts: Mapping[tuple[str, str], FindingRecord],
    known: Iterable[Incident],
) -> Result:
    """Put a day's results together.

    Args:
        verdicts: the latest on each target and item; those of other days are left out.
        known: all incidents on record.
    """
    today: dict[str, list[FindingRecord]] = {}
    for record in verdicts.values():
        if record.at.astimezone(contract.tz).date() == day:
            today.setdefault(record.target, []).append(record)
    missing = list(_missing(contract, today))
    open_ones = [one.id for one in known if one.is_open]
    bad = [record for target in _targets(contract) for record in today.get(target, ())
           if record.finding.state is not State.OK]  # fmt: skip
    word = "还没有做完" if missing else "发现问题" if bad or open_ones else "全部正常"
    lines = [(Grade.LEAST, f"【巡检结果】{day:%m-%d}：{word}")]
    lines += [(Grade.LEAST, line) for line in _counts(contract, today)]
    lines += [(Grade.LEAST, f"　未做：{what}") for what in missing]
    lines.append((Grade.LEAST, f"　未解除的故障：{'、'.join(open_ones) or '没有'}"))
    lines += [(Grade.MEDIUM, line) for line in _details(bad)]
    return Result(f"daily/{day}", not missing, tuple(lines))


def _targets(contract: Contract) -> list[str]:
    pages = [system.target(part) for system in contract.systems for part in system.targets()]
    hosts = [placed.host.name for placed in contract.all_hosts()]
    return [*pages, *hosts, *(placed.target for placed in contract.all_backups())]


def _missing(contract: Contract, today: Mapping[str, Sequence[FindingRecord]]) -> Iterator[str]:
    """What is due every day and was not looked at today: "OA 系统 2 个页面"."""
    for system in contract.systems:
        if number := sum(system.target(part) not in today for part in system.targets()):
            yield f"{system.name} {number} 个页面"
        if number := sum(not _checked(today.get(target, ())) for target in _backups(contract, system)):
            yield f"{system.name} {number} 个备份"


def _backups(contract: Contract, system: System) -> list[str]:
    return [placed.target for placed in contract.all_backups() if placed.system == system.id]


def _checked(records: Iterable[FindingRecord]) -> Sequence[FindingRecord]:
    """Of what is on record of a backup, the daily check: the restore drill has items of its own."""
    daily = {check.id for check in backup_checks()}
    return [record for record in records if record.finding.check in daily]


def _counts(contract: Contract, today: Mapping[str, Sequence[FindingRecord]]) -> Iterator[str]:
    for system in contract.systems:
        pages = [today[name] for part in system.targets() if (name := system.target(part)) in today]
        hosts = [today[one.host.name] for one in contract.all_hosts()
                 if one.group.system == system.id and one.host.name in today]  # fmt: skip
        backups = [those for target in _backups(contract, system) if (those := _checked(today.get(target, ())))]
        for what, looks in (("页面", pages), ("主机", hosts), ("备份", backups)):
            if looks:
                states = Counter(worst(record.finding.state for record in records) for records in looks)
                said = "、".join(f"{state.label} {states[state]}" for state in State)
                yield f"　{system.name} {what} {len(looks)} 个：{said}"


def _details(bad: Sequence[FindingRecord]) -> Iterator[str]:
    for record in bad[:_DETAILS]:
        finding = record.finding
        yield f"　{record.target} {finding.check} {finding.state.label}：{finding.summary}"
    if len(bad) > _DETAILS:
        yield f"　另有 {len(bad) - _DETAILS} 条，见日报"


def to_be_told(result: Result, told: Mapping[str, bool], at: datetime, latest: datetime) -> Result | None:
    """Whether the day's results are to be put on record now: when all is done, else at the latest moment.

    What is done later than that is told once more.

    Args:
        told: which results are on record, and whether they were complete.
        latest: the contract's moment for this day.
    """
    if result.subject not in told:
        return result if result.complete or at >= latest else None
    rest = result._replace(subject=f"{result.subject}/complete")
    return rest if result.complete and not told[result.subject] and rest.subject not in told else None
