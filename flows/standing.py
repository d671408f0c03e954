"""Where the duties stand: what the ledger says of a period, with or without Prefect, and what stands beside it.

Contract versions and excuses are events of the ledger; their words are here.
"""

import difflib
import getpass
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from checks.contract import Contract, as_it_was
from checks.coverage import (
    DUTIES,
    Coverage,
    Excuse,
    Mark,
    Version,
    coverage,
    expected,
    mark,
    planned_targets,
)
from checks.page_check import manual_targets
from checks.periods import Period, period_of
from checks.records import CONTRACT, EXCUSE, Event, EventRecord
from checks.slots import RequestError, Slot
from tasks import contract_folder
from tasks.ledger import Ledger, LedgerError

_DUTIES = [duty.id for duty in DUTIES]


def from_shell() -> str:
    """How it got on record: by somebody who was logged in as this account."""
    return f"cli:{getpass.getuser()}"


def record_contract(ledger: Ledger, folder: Path, contract: Contract, now: datetime) -> bool:
    """Put the contract folder on record if it is not as it was; whether it was put."""
    body = {"files": contract_folder.texts(folder), "contract": contract.model_dump(mode="json")}
    event = Event(
        kind=CONTRACT,
        subject=contract_folder.hash_of(folder),
        at=now,
        who=getpass.getuser(),
        why="合同目录与上次登记的不同",
        via=from_shell(),
        body=body,
    )
    return ledger.enter(event, now, unless_last=True) is not None


def versions(ledger: Ledger) -> list[Version]:
    """The contract as it was, and since when; oldest first.

    Raises:
        LedgerError: this version of the program cannot make sense of one.
    """
    return versions_of(ledger.events(CONTRACT))


def versions_of(events: Sequence[EventRecord]) -> list[Version]:
    """The contract as these events have it.

    Raises:
        LedgerError: this version of the program cannot make sense of one.
    """
    return [(one.at, _as_it_was(one)) for one in events]


def _as_it_was(event: EventRecord) -> Contract:
    try:
        return as_it_was(event.body["contract"])
    except ValidationError as error:
        where = "、".join(".".join(map(str, fault["loc"])) for fault in error.errors()[:3])
        raise LedgerError(
            f"台账里第 {event.id} 号事件登记的合同，本版本读不懂：{where}；用登记时的程序版本打开，或联系开发者"
        ) from error


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """The difference of two versions of the folder, as `diff -u` has it."""
    lines = []
    for name in sorted({*before, *after}):
        old, new = (texts.get(name, "").splitlines(keepends=True) for texts in (before, after))
        said = difflib.unified_diff(
            old, new, name if name in before else "/dev/null", name if name in after else "/dev/null"
        )
        lines += [line if line.endswith("\n") else f"{line}\n" for line in said]
    return "".join(lines)


def put_on_record(ledger: Ledger, now: datetime) -> list[Slot]:
    """Put on record what was expected since the last time, up to today, whether or not anybody was there to do it."""
    known = versions(ledger)
    today = now.astimezone(known[-1][1].tz).date()
    first = ledger.last_day(_DUTIES) or known[0][0].astimezone(known[0][1].tz).date()
    missing = expected(known, (), first, today)
    ledger.expect(missing, now)
    return missing


def standing(ledger: Ledger, period: Period, now: datetime) -> Coverage:
    """What became of every slot of a period.

    Raises:
        RequestError: there is no contract on record yet.
    """
    known = versions(ledger)
    if not known:
        raise RequestError("台账里还没有合同：先执行一次巡检，或启动 xunjian up")
    wide = period.first - timedelta(days=31)  # a week's or a month's slot counts where its first day is
    looks = ledger.looks(_DUTIES, wide, period.last)
    # what is measured beside the inspections, such as availability, has slots of its own
    on_record = [slot for slot in ledger.slots(period.first, period.last) if slot.duty in _DUTIES]
    return coverage(known, on_record, looks, excuses(ledger), period.first, period.last, now)


def no_more_to_do(ledger: Ledger, contract: Contract, slot: Slot, now: datetime, triggers: Sequence[str] = ()) -> bool:
    """Whether runs with these triggers (none: any) have seen all of a slot that can be seen without a person.

    What waits for somebody to confirm it is not done by being looked at again.
    """
    mine = [look for look in ledger.looks([slot.duty], slot.day, slot.day, triggers) if look.slot == slot.id]
    planned = frozenset[str]()  # what is no inspection is done once it was done
    if slot.duty in _DUTIES:
        planned = planned_targets(contract, slot) - set(manual_targets(contract))
    return mark(slot, planned, mine, None, now, contract.tz).mark in (Mark.DONE, Mark.LATE)


def excuses(ledger: Ledger) -> list[Excuse]:
    """Who said that a slot need not be done, and where it is written."""
    entered = ledger.events(EXCUSE)
    withdrawn = {one.corrects for one in entered if one.corrects is not None}
    return [_excuse(one) for one in entered if one.id not in withdrawn and one.body["document"]]


def _excuse(event: EventRecord) -> Excuse:
    return Excuse(event.subject, event.who, event.why, event.body["document"], event.entered_at)


def excuse(
    ledger: Ledger, slots: Sequence[str], who: str, why: str, document: str, now: datetime, via: str = ""
) -> list[int]:
    """Put on record that slots need not be done.

    Raises:
        RequestError: person, reason or document is missing, or the contract expects no such slot.
    """
    _say_all({"谁决定的": who, "原因": why, "依据文件": document, "应做事项的编号": "".join(slots)})
    days = [_day(slot) for slot in slots]
    known = {slot.id for slot in expected(versions(ledger), (), min(days) - timedelta(days=31), max(days))}
    known |= {slot.id for slot in ledger.slots(min(days) - timedelta(days=31), max(days))}
    if strange := [slot for slot in slots if slot not in known]:
        raise RequestError(f"合同里没有这样的应做事项：{'、'.join(strange)}；写法照 xunjian coverage 列出的编号")
    said: dict[str, Any] = {"who": who, "why": why, "via": via or from_shell(), "body": {"document": document.strip()}}
    entered = [ledger.enter(Event(kind=EXCUSE, subject=slot, at=now, **said), now) for slot in slots]
    return [number for number in entered if number is not None]


def withdraw(ledger: Ledger, number: int, who: str, why: str, now: datetime) -> int | None:
    """Take an excuse back by an event that names it: what was entered stays on record.

    Raises:
        RequestError: person or reason is missing, or there is no such excuse.
    """
    _say_all({"谁撤回的": who, "原因": why})
    wrong = next((one for one in ledger.events(EXCUSE) if one.id == number and one.body["document"]), None)
    if wrong is None:
        raise RequestError(f"第 {number} 号事件不是一次免除")
    body = {"document": ""}
    return ledger.enter(
        Event(
            kind=EXCUSE, subject=wrong.subject, at=now, who=who, why=why, via=from_shell(), body=body, corrects=number
        ),
        now,
    )


def _say_all(words: Mapping[str, str]) -> None:
    if missing := [name for name, text in words.items() if not text.strip()]:
        raise RequestError(f"登记免除要写明{'、'.join(missing)}")


def _day(slot: str) -> date:
    """The last day of a slot's period, from its id: page-inspection/oa/2026-11-22, host-inspection/x/2026-W47."""
    return period_of(slot.rpartition("/")[2]).last
