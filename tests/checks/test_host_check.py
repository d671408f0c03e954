"""A host's answer is judged item by item: what could not be read is UNKNOWN, and costs the others nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import Field, ValidationError

from checks.finding import Finding, Reason, State, Verdict
from checks.host_check import Answer, Falling, HostCheck, Look, NotTaken, Params, Planned, Rising, Section, judge
from checks.host_check import not_looked as unseen
from checks.visit import Facts

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


class Number(Facts):
    """One number."""

    value: int


class Limits(Rising):
    """Two thresholds."""

    warn: float = Field(80)
    crit: float = Field(90)


def parse(section: Section) -> Number:
    return Number(value=int(section.out))


def evaluate(number: Number, look: Look[Number], params: Limits) -> Verdict:
    before = look.last.facts.value if look.last else None
    return Verdict(params.state(number.value), f"{number.value}，上次 {before}")


def check(check_id: str = "T1", **more: Any) -> HostCheck[Number, Limits]:
    given: dict[str, Any] = {"parse": parse, "evaluate": evaluate, **more}
    return HostCheck(check_id, "数", "echo 1", facts=Number, params=Limits, **given)


def judged(*sections: tuple[str, Section], checks: Any = None, broken: Any = None, past: Any = ()) -> list[Finding]:
    planned = [Planned(one, Limits()) for one in checks or (check(),)]
    answer = Answer(dict(sections), NOON, 0.1, broken)
    return judge(planned, lambda one: one.check.id, answer, past).findings


@pytest.mark.parametrize(
    ("value", "state"), [(79, State.OK), (80, State.WARN), (89, State.WARN), (90, State.CRIT), (99, State.CRIT)]
)
def test_reaching_a_threshold_counts(value: int, state: State) -> None:
    assert judged(("T1", Section(f"{value}\n", "", 0)))[0].state is state


@pytest.mark.parametrize(
    ("section", "reason", "words"),
    [
        (Section("", "", 77), Reason.PERMISSION, "合同没有允许 sudo"),
        (Section("", "sudo: a password is required\n", 1), Reason.PERMISSION, "a password is required"),
        (Section("", "", 137), Reason.TIMEOUT, "时限"),
        (Section("", "", 124), Reason.TIMEOUT, "时限"),
        (Section("", "sh: 1: chronyc: not found\n", 127), Reason.UNSUPPORTED, "chronyc"),
        (Section("what?\n", "", 0), Reason.UNSUPPORTED, "看不懂主机的回答（退出码 0）：what?"),
        (Section("", "", 0), Reason.UNSUPPORTED, "没有输出"),
    ],
    ids=["no root", "sudo refuses", "killed", "timed out", "no program", "garbage", "nothing"],
)
def test_what_could_not_be_read_is_unknown(section: Section, reason: Reason, words: str) -> None:
    # When
    [finding] = judged(("T1", section))
    # Then
    assert (finding.state, finding.reason) == (State.UNKNOWN, reason)
    assert words in finding.summary


def test_a_check_may_say_better_why_it_could_not_look() -> None:
    # Given
    def refuse(section: Section) -> Number:
        raise NotTaken(Reason.AUTHENTICATION, "口令被拒")

    # When
    [finding] = judged(("T1", Section("", "", 1)), checks=[check(parse=refuse)])
    # Then
    assert (finding.state, finding.reason, finding.summary) == (State.UNKNOWN, Reason.AUTHENTICATION, "口令被拒")


def test_a_bug_in_one_item_costs_that_item_alone() -> None:
    # Given
    def broken(number: Number, look: Look[Number], params: Limits) -> Verdict:
        raise KeyError("用户的数据")

    checks = [check("T1", evaluate=broken), check("T2")]
    # When
    first, second = judged(("T1", Section("1", "", 0)), ("T2", Section("1", "", 0)), checks=checks)
    # Then
    assert (first.state, first.reason, first.summary) == (State.UNKNOWN, Reason.BUG, "检查程序出错：KeyError")
    assert second.state is State.OK


def test_what_an_answer_that_broke_off_does_not_hold_is_unknown() -> None:
    # When
    got, missing = judged(
        ("T1", Section("1", "", 0)), checks=[check("T1"), check("T2")], broken=(Reason.TIMEOUT, "120 秒内没有答完")
    )
    # Then
    assert got.state is State.OK
    assert (missing.state, missing.reason, missing.summary) == (State.UNKNOWN, Reason.TIMEOUT, "120 秒内没有答完")


def test_the_past_is_at_hand_and_what_can_no_longer_be_read_of_it_is_passed_over() -> None:
    # Given
    past = [(NOON - timedelta(days=14), {"T1": {"value": 7}}), (NOON - timedelta(days=7), {"T1": {"other": 1}})]
    # When
    [finding] = judged(("T1", Section("1", "", 0)), past=past)
    # Then
    assert finding.summary == "1，上次 7"


def test_facts_are_kept_for_the_next_time() -> None:
    # When
    answer = Answer({"T1": Section("5", "", 0)}, NOON, 0.1)
    result = judge([Planned(check(), Limits())], lambda one: one.check.id, answer)
    # Then
    assert result.facts == {"T1": {"value": 5}}


def test_without_an_answer_every_planned_item_is_unknown() -> None:
    # When
    found = unseen([Planned(check("T1"), Limits()), Planned(check("T2"), Limits())], Reason.UNREACHABLE, "连不上")
    # Then
    assert [(one.check, one.state, one.reason) for one in found] == [
        ("T1", State.UNKNOWN, Reason.UNREACHABLE),
        ("T2", State.UNKNOWN, Reason.UNREACHABLE),
    ]


def test_thresholds_in_the_wrong_order_are_refused() -> None:
    class Left(Falling):
        """Less is worse."""

        warn: float = Field(10)
        crit: float = Field(5)

    assert [Left().state(value) for value in (10, 9.9, 5, 4.9)] == [State.OK, State.WARN, State.WARN, State.CRIT]
    with pytest.raises(ValidationError, match="warn < crit"):
        Limits(warn=95)
    with pytest.raises(ValidationError, match="crit < warn"):
        Left(crit=20)
    with pytest.raises(ValidationError):
        Params(unknown=1)  # type: ignore[call-arg]
