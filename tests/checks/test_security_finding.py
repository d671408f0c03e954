"""The life of a finding, computed from events: every way through it, and none to "verified" without a test."""

from datetime import date

import pytest
from finding_book import KEY, ONE, OTHER_KEY, T0, Told
from hypothesis import given
from hypothesis import strategies as st

from checks.finding import State
from checks.security_finding import Life, SecurityFinding, Step, due_follow_ups, number_of, register, series


@pytest.fixture
def told() -> Told:
    book = Told()
    book.found()
    return book


class TestLife:
    def test_from_the_report_to_verified(self, told: Told) -> None:
        lives = [told.one().life]
        told.tested("CRIT")
        lives.append(told.one().life)
        told.enter(Step.PLANNED, {"plan": "升级", "owner": "系统管理员", "due": "2026-12-01", "ticket": "C-7"})
        lives.append(told.one().life)
        told.later(1).fixed()
        lives.append(told.one().life)
        told.later(1).tested("OK")
        one = told.one()
        assert [*lives, one.life] == [Life.OPEN, Life.OPEN, Life.PLANNED, Life.FIXED, Life.VERIFIED]
        assert (one.plan, one.owner, one.ticket, one.due) == ("升级", "系统管理员", "C-7", date(2026, 12, 1))
        assert (one.fixed_by, one.tester, one.identity) == ("李四", "王五", KEY)
        assert (one.evidence_before, one.evidence_after) == ("run-1", "run-4")
        assert len(one.events) == len(told.events)

    @pytest.mark.parametrize(("verdict", "life"), [
        ("OK", Life.VERIFIED), ("WARN", Life.PARTLY), ("CRIT", Life.OPEN), ("UNKNOWN", Life.UNTESTABLE),
    ])  # fmt: skip
    def test_what_a_test_says_of_a_claim(self, told: Told, verdict: str, life: Life) -> None:
        told.fixed()
        told.tested(verdict)
        assert told.one().life is life

    def test_unreachable_is_not_repaired_and_can_be_tested_again(self, told: Told) -> None:
        told.fixed()
        told.tested("UNKNOWN", identity="")
        assert told.one().life is Life.UNTESTABLE
        told.tested("OK")
        assert told.one().life is Life.VERIFIED

    def test_without_a_claim_nothing_is_verified(self, told: Told) -> None:
        told.tested("OK")
        assert told.one().life is Life.OPEN

    def test_a_claim_that_was_refuted_is_none(self, told: Told) -> None:
        told.fixed()
        told.tested("CRIT")
        told.tested("OK")
        assert (told.one().life, told.one().fixed_by) == (Life.OPEN, "")

    @pytest.mark.parametrize("name", ["李四", " 李 四", "李　四"])
    def test_whoever_mends_does_not_test(self, told: Told, name: str) -> None:
        told.fixed("李四")
        told.tested("OK", tester=name)
        assert told.one().life is Life.FIXED

    def test_whoever_mended_a_part_does_not_test_either(self, told: Told) -> None:
        told.fixed("王五")
        told.tested("WARN", tester="赵六")
        told.fixed("李四")
        told.tested("OK", tester="王五")
        assert told.one().life is Life.FIXED
        told.tested("OK", tester="赵六")
        assert told.one().life is Life.VERIFIED

    @pytest.mark.parametrize("verdict", ["CRIT", "WARN"])
    def test_what_is_found_again_reopens_with_days_of_its_own(self, told: Told, verdict: str) -> None:
        told.fixed()
        told.tested("OK")
        told.later(90).tested(verdict)
        one = told.one()
        assert (one.life, one.due, one.fixed_by, one.verified_at) == (Life.REOPENED, date(2027, 3, 23), "", None)

    def test_a_follow_up_that_could_not_look_takes_nothing_back(self, told: Told) -> None:
        told.fixed()
        told.tested("OK")
        told.later(7).tested("UNKNOWN")
        assert told.one().life is Life.VERIFIED
        assert due_follow_ups(told.one())[0] == (7, date(2026, 11, 30)), "and is still to be done"

    def test_a_false_positive_that_is_found_is_none(self, told: Told) -> None:
        told.enter(Step.FALSE_POSITIVE, {"document": "确认单"})
        assert told.one().life is Life.FALSE_POSITIVE
        told.tested("CRIT")
        assert told.one().life is Life.REOPENED

    def test_reopened_by_hand(self, told: Told) -> None:
        told.fixed()
        told.tested("OK")
        told.enter(Step.REOPENED, {})
        assert told.one().life is Life.REOPENED


class TestIdentity:
    def test_another_under_the_same_address_tells_nothing(self, told: Told) -> None:
        told.tested("CRIT")
        told.fixed()
        told.tested("OK", identity=OTHER_KEY)
        one = told.one()
        assert (one.life, one.identity, one.tests[-1].seen) == (Life.UNTESTABLE, KEY, State.UNKNOWN)

    def test_a_new_identity_has_to_be_accepted(self, told: Told) -> None:
        told.tested("CRIT")
        told.fixed()
        told.enter(Step.IDENTITY, {"identity": OTHER_KEY})
        told.tested("OK", identity=OTHER_KEY)
        assert told.one().life is Life.VERIFIED

    def test_nobody_is_nobody(self, told: Told) -> None:
        told.fixed()
        told.tested("OK", identity="")
        assert told.one().life is Life.UNTESTABLE

    def test_another_probe_judges_something_else(self, told: Told) -> None:
        told.fixed()
        told.tested("OK", probe="tls-min-version")
        assert told.one().life is Life.UNTESTABLE


class TestAccepted:
    @pytest.mark.parametrize(("today", "life"), [
        (date(2026, 12, 31), Life.ACCEPTED), (date(2027, 1, 1), Life.OPEN),
    ])  # fmt: skip
    def test_the_last_day_counts(self, told: Told, today: date, life: Life) -> None:
        told.accepted("2026-12-31")
        one = told.one(today)
        assert (one.life, one.accepted_by, one.until) == (life, "赵六", date(2026, 12, 31))

    def test_once_over_it_is_due(self, told: Told) -> None:
        told.accepted("2026-12-31")
        assert told.one(date(2027, 1, 1)).overdue(date(2027, 1, 1))
        assert not told.one(date(2026, 12, 31)).overdue(date(2026, 12, 31))

    def test_a_plan_after_it_ran_out_is_a_plan(self, told: Told) -> None:
        told.accepted("2026-11-24")
        told.later(2).enter(Step.PLANNED, {"plan": "升级"})
        assert told.one().life is Life.PLANNED

    def test_that_it_is_there_was_accepted(self, told: Told) -> None:
        told.accepted("2026-12-31")
        told.tested("CRIT")
        assert told.one().life is Life.ACCEPTED


class TestCorrections:
    def test_what_it_is(self, told: Told) -> None:
        told.fixed()
        told.found(corrects=1, severity="高危", title="TLS 1.0、1.1 未禁用")
        one = told.one()
        assert (one.severity.value, one.title, one.life) == ("高危", "TLS 1.0、1.1 未禁用", Life.FIXED)
        assert len(one.events) == 3

    def test_another_fixer_makes_another_test_necessary(self, told: Told) -> None:
        """Given a test by whoever mended it, when his name is corrected away, then that test still verifies nothing."""
        number = told.fixed("王五")
        told.tested("OK", tester="王五")
        told.fixed("李四", corrects=number)
        assert (told.one().life, told.one().fixers) == (Life.FIXED, ("李四",))

    def test_until_another_day(self, told: Told) -> None:
        number = told.accepted("2026-11-24")
        told.accepted("2026-12-31", corrects=number)
        assert told.one(date(2026, 12, 1)).life is Life.ACCEPTED


class TestFollowUps:
    def test_each_until_it_is_done(self, told: Told) -> None:
        told.fixed()
        told.tested("OK")
        days = [(7, date(2026, 11, 30)), (30, date(2026, 12, 23)), (90, date(2027, 2, 21))]
        assert due_follow_ups(told.one()) == days
        told.later(6).tested("OK")
        assert due_follow_ups(told.one()) == days, "a day too early"
        told.later(1).tested("OK")
        assert due_follow_ups(told.one()) == days[1:]
        told.later(90).tested("OK")
        assert due_follow_ups(told.one()) == []

    def test_none_of_what_is_open(self, told: Told) -> None:
        assert due_follow_ups(told.one()) == []


class TestDue:
    def test_the_last_day_itself_counts(self, told: Told) -> None:
        assert not told.one().overdue(date(2026, 12, 23))
        assert told.one().overdue(date(2026, 12, 24))


class TestNumbers:
    @pytest.mark.parametrize("text", ["F-2026-012", "f-2026-12", " F-2026-0012 "])
    def test_zeros_do_not_matter(self, text: str) -> None:
        assert number_of(text) == (2026, 12)

    @pytest.mark.parametrize("text", ["", "012", "G-2026-012", "F-2026-", "F-２０２６-1", "F-2026-1 甲"])
    def test_what_is_none(self, text: str) -> None:
        assert number_of(text) == (0, 0)

    def test_thousands_sort_as_numbers(self) -> None:
        told = Told()
        for number in (1000, 999, 2):
            told.found(series(2026, number))
        assert [one.id for one in register(told.events, T0.date())] == ["F-2026-002", "F-2026-999", "F-2026-1000"]


def says(told: Told, step: str, name: str, verdict: str, identity: str, corrects: int) -> None:
    number = corrects if 0 < corrects <= len(told.events) else None
    match step:
        case "fixed":
            told.fixed(name, number)
        case "tested":
            told.tested(verdict, name, identity)
        case "accepted":
            told.accepted("2026-11-25", number)
        case "later":
            told.later(3)
        case "found":
            told.found(corrects=number)
        case _:
            told.enter(Step(step), {"identity": identity, "document": "x"}, corrects=number)


STEPS = st.tuples(
    st.sampled_from(["fixed", "tested", "accepted", "later", "found", "planned", "reopened", "false-positive",
                     "identity", "tested", "fixed"]),
    st.sampled_from(["李四", "王五", "赵六"]),
    st.sampled_from(["OK", "OK", "WARN", "CRIT", "UNKNOWN"]),
    st.sampled_from([KEY, KEY, OTHER_KEY, ""]),
    st.integers(0, 12),
)  # fmt: skip


@given(st.lists(STEPS, max_size=12))
def test_no_order_of_events_verifies_what_nobody_else_has_tested(steps: list[tuple[str, str, str, str, int]]) -> None:
    """Given anything entered in any order, when a finding is verified, then a test with the verdict OK, of the asset
    that is known, by somebody who mended nothing, came after a claim that stands."""
    told = Told()
    told.found()
    for step in steps:
        says(told, *step)
    for one in register(told.events, told.now.date()):
        if one.life is Life.VERIFIED:
            check_verified(told, one)
        assert one.is_open or one.life in (Life.VERIFIED, Life.FALSE_POSITIVE, Life.ACCEPTED)
        assert one.life is not Life.ACCEPTED or (one.until and one.until >= told.now.date())


def check_verified(told: Told, one: SecurityFinding) -> None:
    corrected = {event.corrects for event in told.events}
    [test] = [each for each in one.tests if each.run == one.evidence_after]
    claims = [event for event in told.events if event.id not in corrected and event.body["step"] == "fixed"]
    assert (test.verdict, test.seen) == (State.OK, State.OK)
    assert test.identity
    assert any(event.id < test.number for event in claims)
    assert not one.mended_by(test.tester)
    assert one.fixed_by
    assert one.tester == test.tester
    later = [each for each in one.tests if each.number > test.number]
    assert all(each.seen in (State.OK, State.UNKNOWN) for each in later)


@given(st.lists(STEPS, max_size=10))
def test_a_day_that_passes_opens_and_never_closes(steps: list[tuple[str, str, str, str, int]]) -> None:
    told = Told()
    told.found()
    for step in steps:
        says(told, *step)
    today = told.now.date()
    now = {one.id: one for one in register(told.events, today)}
    for one in register(told.events, date(2099, 1, 1)):
        before = now[one.id]
        assert one.life is (Life.OPEN if before.life is Life.ACCEPTED else before.life)


def test_only_what_is_known_is_listed() -> None:
    told = Told()
    told.fixed()
    assert register(told.events, T0.date()) == []
    told.found()
    assert [one.id for one in register(told.events, T0.date())] == [ONE]
