"""Planned downtime excludes what was approved before it started, or signed by the client, and not a second more."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from checks.downtime import DOWNTIME, SUPPORT, Move, support_periods, windows
from checks.records import EventRecord

START = datetime(2026, 11, 28, 12, tzinfo=UTC)
END = START + timedelta(hours=2)


def said(number: int, move: Move, entered: datetime, kind: str = DOWNTIME, **more: Any) -> EventRecord:
    span = {"start": START.isoformat(), "end": END.isoformat(), "systems": ["oa"]} if move is Move.REQUESTED else {}
    corrects = more.pop("corrects", None)
    return EventRecord(
        id=number, kind=kind, subject="T-2026-0001", at=entered, entered_at=entered, who="甲方", why="升级", via="ui",
        body={"move": move.value, **span, **more}, corrects=corrects,
    )  # fmt: skip


def hours(number: float) -> datetime:
    return START + timedelta(hours=number)


@pytest.mark.parametrize(
    ("later", "excluded", "state"),
    [
        ([], None, "待批准"),
        ([(Move.APPROVED, -1)], (START, END), "已批准"),
        ([(Move.APPROVED, 0)], None, "事后登记，待甲方补签，不扣除"),
        ([(Move.APPROVED, 1)], None, "事后登记，待甲方补签，不扣除"),
        ([(Move.APPROVED, 1), (Move.SIGNED, 30)], (START, END), "已批准"),
        ([(Move.APPROVED, -1), (Move.CANCELLED, -0.5)], None, "已取消"),
        ([(Move.APPROVED, -1), (Move.CANCELLED, 1)], (START, hours(1)), "已取消"),
    ],
)
def test_what_counts_is_when_it_was_entered(later: list[tuple[Move, float]], excluded: Any, state: str) -> None:
    events = [said(1, Move.REQUESTED, hours(-3))]
    events += [said(number, move, hours(when)) for number, (move, when) in enumerate(later, 2)]
    [window] = windows(events)
    assert (window.excluded, window.state(hours(-0.1))) == (excluded, state)


def test_an_approval_that_was_corrected_away_does_not_count() -> None:
    events = [said(1, Move.REQUESTED, hours(-3)), said(2, Move.APPROVED, hours(-2))]
    events.append(said(3, Move.CANCELLED, hours(-1), corrects=2))
    assert windows(events)[0].excluded is None


@pytest.mark.parametrize(("entered", "has_plan"), [(-1, True), (0, False), (5, False)])
def test_a_plan_is_on_record_before_the_period_starts(entered: float, has_plan: bool) -> None:
    begun = said(1, Move.REQUESTED, hours(-3), SUPPORT, name="国庆保障", important=True)
    [period] = support_periods([begun, said(2, Move.PLANNED, hours(entered), SUPPORT)])
    assert (period.has_plan, period.covers("oa", START), period.covers("oa", END)) == (has_plan, True, False)
