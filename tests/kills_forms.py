"""What kills.py asks of each duty: some targets, or what a person would enter."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from kills_book import Book
from kills_outside import Outside

from checks.downtime import DOWNTIME, SUPPORT, support_periods, windows
from checks.slots import host_slots, page_slots
from flows.caller import UNASKED
from flows.office import now
from flows.standing import no_more_to_do

PROBING = 15.0
"""Seconds after which a probe that nobody has killed ends."""

Order = dict[str, Any]


class Forms:
    """Fills in forms; what is entered by people has a number in it, so that it can be told from anything else."""

    def __init__(self, book: Book, outside: Outside, chance: Random) -> None:
        self._book, self._outside, self._random = book, outside, chance
        self._began, self._number = now(), 0
        self._entries: Mapping[str, Callable[[], Order]] = {
            "fault-call": self._call,
            "incident-progress": self._progress,
            "planned-downtime": self._downtime,
            "downtime-decision": self._decision,
            "support-period": self._support,
            "support-preparation": self._preparation,
        }

    def fill(self, flow: str) -> Order:
        """What is asked for; and whether nobody asked, as long as there is something to do unasked."""
        if flow in self._entries:
            self._number += 1
            form = {"who": "值班员", "why": f"演练第 {self._number} 条", **self._entries[flow]()}
            return {"form": form}
        if flow == "availability-probe":
            self._outside.change(self._random)
            return {"seconds": PROBING}
        if flow == "manual-confirmation":
            said = self._random.choice(("正常", "有问题"))
            return {"form": {"page": "desk", "result": said, "who": "值班员", "remark": "看过"}}
        if flow == "retention":
            until = self._began + (now() - self._began) * self._random.random()
            return {"expired_until": until.isoformat()}
        if flow == "excuse":
            slots = self._random.sample(sorted(self._book.due()), 2)
            return {"form": {"slots": slots, "who": "甲方", "why": "演练", "document": "函〔2026〕1 号"}}
        if flow in ("page-inspection", "host-inspection"):
            return self._inspection(pages=flow == "page-inspection")
        return {}

    def _inspection(self, *, pages: bool) -> Order:
        book = self._book
        assert book.office
        contract, today = book.office.contract, book.office.today()
        slots = list(page_slots(contract, today) if pages else host_slots(contract, today))
        ledger = book.office.ledger
        left = [slot.target for slot in slots if not no_more_to_do(ledger, contract, slot, now(), UNASKED)]
        unasked = bool(left) and self._random.random() < 0.4
        names = left if unasked else [slot.target for slot in slots]
        some = self._random.sample(names, min(len(names), self._random.choice((1, 1, 2, 4) if pages else (1, 3, 12))))
        return {"form": {"systems" if pages else "hosts": some, "why": "演练"}, "unasked": unasked}

    def _system(self) -> str:
        assert self._book.office
        return self._random.choice([one.id for one in self._book.office.contract.systems])

    def _call(self) -> Order:
        return {"system": self._system(), "down": self._random.random() < 0.3}

    def _progress(self) -> Order:
        """Of an incident that is open, if there is one: or it is refused, which is as good a moment to be killed."""
        going_on = [one.id for one in self._book.news.known if one.is_open]
        incident = self._random.choice(going_on) if going_on else ""
        return {"incident": incident, "step": self._random.choice(("接报", "响应", "派工二线", "恢复"))}

    def _downtime(self) -> Order:
        return {"systems": [self._system()], **self._span()}

    def _decision(self) -> Order:
        assert self._book.office
        known = [one.id for one in windows(self._book.office.ledger.events(DOWNTIME)) if not one.approved_at]
        number = self._random.choice(known) if known else "T-2026-9999"
        return {"number": number, "decision": "批准", "document": "停机申请单"}

    def _support(self) -> Order:
        return {"name": f"演练保障{self._number}", "systems": [self._system()], **self._span()}

    def _preparation(self) -> Order:
        assert self._book.office
        known = [one.id for one in support_periods(self._book.office.ledger.events(SUPPORT)) if not one.planned_at]
        number = self._random.choice(known) if known else "B-2026-9999"
        return {"number": number, "what": "登记保障计划", "document": "保障计划"}

    def _span(self) -> Order:
        """Two hours of one of the next days."""
        start: datetime = now() + timedelta(days=self._random.randint(1, 20))
        return {"start": f"{start:%Y-%m-%d %H:%M}", "end": f"{start + timedelta(hours=2):%Y-%m-%d %H:%M}"}
