"""Planned downtime excludes what was approved before it started, or signed by the client, and not a second more."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from checks.contract import Contract
from checks.downtime import DOWNTIME, SUPPORT, Move, check_span, support_periods, windows
from checks.records import EventRecord
from checks.slots import RequestError

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
        ([(Move.APPROVED, -1), (Move.CANCELLED, 1)], (START, hours(1)), "提前结束"),
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


@pytest.mark.parametrize(
    ("cancelled", "lasts", "plan"),
    [(None, (START, END), "没有"), (1, (START, hours(1)), "没有"), (0, None, "已取消"), (-1, None, "已取消")],
)
def test_a_period_lasts_until_it_is_cancelled(cancelled: float | None, lasts: Any, plan: str) -> None:
    events = [said(1, Move.REQUESTED, hours(-3), SUPPORT, name="国庆保障", important=True)]
    if cancelled is not None:
        events.append(said(2, Move.CANCELLED, hours(cancelled), SUPPORT))
    [period] = support_periods(events)
    assert (period.lasts, period.plan) == (lasts, plan)
    # What was cancelled under way was one until then, or an accident in it could be undone.
    assert (period.covers("oa", START), period.covers("oa", hours(1.5))) == (lasts is not None, cancelled is None)


@pytest.mark.parametrize(("entered", "word"), [(-1, "有"), (0, "事后才有")])
def test_a_plan_in_a_word(entered: float, word: str) -> None:
    begun = said(1, Move.REQUESTED, hours(-3), SUPPORT, name="国庆保障", important=True)
    assert support_periods([begun, said(2, Move.PLANNED, hours(entered), SUPPORT)])[0].plan == word


@pytest.mark.parametrize(("days", "fits"), [(-60, False), (-1, True), (0, True), (30, True), (32, False)])
def test_what_does_not_touch_the_term_is_refused(days: int, fits: bool) -> None:
    """Given a term of December 2026, and spans of two days."""
    journey = {"id": "todo", "title": "待办", "steps": [{"goto": "/"}, {"expect": {"text": "待办"}}]}
    contract = Contract.model_validate(
        {
            "name": "合同",
            "client": {"name": "甲"},
            "contractor": {"name": "乙"},
            "term": {"start": "2026-12-01", "end": "2026-12-31"},
            "systems": [{"id": "oa", "name": "oa", "url": "https://127.0.0.1:1", "journeys": [journey]}],
        }
    )
    start = datetime(2026, 12, 1, tzinfo=contract.tz) + timedelta(days=days)
    expected = (
        nullcontext() if fits else pytest.raises(RequestError, match="不在服务期限内（2026-12-01 至 2026-12-31）")
    )
    with expected as refused:
        check_span(contract, ["oa"], start, start + timedelta(days=2))
    assert (refused is None) is fits
