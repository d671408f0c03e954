"""The register: what is expected, when it is due, what became of it, what it costs; and all that at random."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pytest
from document_book import EVER, T0, VERSIONS, Entries, contract, documents, there
from hypothesis import given, settings
from hypothesis import strategies as st

from checks import document_entries
from checks.document_register import Document, State, Step, due_in, file_names, points
from checks.documents import LATE_COSTS
from checks.entries import Who
from checks.incidents import Incident
from checks.records import Event, EventRecord
from checks.slots import RequestError

BY = Who("驻场工程师", "按流程登记", "cli:duty")
W47 = "weekly/2026-W47"  # due on Monday, 2026-11-23, 24:00
DUE = there("2026-11-24 00:00")
SECOND = timedelta(seconds=1)
TOMORROW = date(2026, 11, 24)


def only(entries: Entries | None = None, today: date = TOMORROW, subject: str = W47, **more: object) -> Document:
    return documents(entries, today=today, **more)[subject]  # type: ignore[arg-type]


class TestExpected:
    def test_each_kind_in_its_period(self) -> None:
        found = documents(first=date(2026, 11, 16), last=date(2026, 11, 22))
        assert set(found) == {W47, "monthly/2026-11", "quarterly/2026-Q4", "half-yearly/2026-H2", "yearly/2026"}
        assert found[W47].title == "周报 2026-W47"
        assert found[W47].due_at == DUE
        assert found[W47].opens == date(2026, 11, 16)

    def test_only_within_the_term(self) -> None:
        term = contract(term={"start": "2026-11-22", "end": "2026-11-30"})
        found = documents(first=date(2026, 11, 9), last=date(2026, 12, 13), versions=[(EVER, term)])
        weeks = [name for name in found if name.startswith("weekly")]
        assert weeks == [W47, "weekly/2026-W48", "weekly/2026-W49"], "a week of which one day is in the term counts"

    def test_a_day_may_end_when_business_does(self) -> None:
        duty = {"id": "weekly", "title": "周报", "rule": "week", "due": 1, "until": "17:30"}
        one = only(versions=[(EVER, contract(documents=[duty]))])
        assert (one.due_at, one.until_words) == (there("2026-11-23 17:30"), "2026-11-23 17:30")

    def test_by_the_contract_that_was_in_force(self) -> None:
        """Given one that drops the weekly report and brings it back, then the week in between was not expected."""
        without = contract(documents=[{"id": "monthly", "title": "月报", "rule": "month", "due": 3}])
        versions = [*VERSIONS, (there("2026-11-18 09:00"), without), (there("2026-11-25 09:00"), VERSIONS[0][1])]
        found = documents(first=date(2026, 11, 9), last=date(2026, 11, 29), versions=versions)
        assert [name for name in found if name.startswith("weekly")] == ["weekly/2026-W46", "weekly/2026-W48"]

    def test_a_new_term_moves_what_is_not_due_yet_and_nothing_else(self) -> None:
        slower = contract(documents=[{"id": "weekly", "title": "周报", "rule": "week", "due": 3}])
        for since, due in (("2026-11-20", 25), ("2026-11-23", 25), ("2026-11-24", 23)):
            at = there(f"{since} 09:00")
            assert only(versions=[*VERSIONS, (at, slower)]).due_day == date(2026, 11, due), since

    def test_a_new_calendar_moves_what_is_not_due_yet(self) -> None:
        calendar = {"source": "示例通知〔2026〕1号", "holidays": ["2026-11-23"]}
        for since, due in (("2026-11-20", 24), ("2026-11-24", 23)):
            versions = [*VERSIONS, (there(f"{since} 09:00"), contract(calendar=calendar))]
            assert only(versions=versions).due_day == date(2026, 11, due), since

    def test_a_due_day_on_record_that_has_gone_holds(self) -> None:
        """Whatever the calendar package says by now."""
        entries = Entries()
        entries.enter(Step.DUE, there("2026-11-20 09:00"), due="2026-11-20", calendar="x")
        assert only(entries, today=date(2026, 11, 20)).due_day == date(2026, 11, 23), "still to come: computed"
        assert only(entries, today=date(2026, 11, 21)).due_day == date(2026, 11, 20)
        assert only(entries).dues[0][1] == "2026-11-20"

    def test_an_incident_s_report_once_it_is_cleared(self) -> None:
        at = there("2026-11-20 09:00")
        one = Incident("G-2026-0007", "oa", "oa", "probe", at, at, restored_at=at)
        assert "incident/G-2026-0007" not in documents(known=[one])
        cleared = one._replace(cleared_at=at)
        assert documents(known=[cleared])["incident/G-2026-0007"].due_day == date(2026, 11, 25)
        assert "incident/G-2026-0007" not in documents(known=[cleared._replace(void_at=at)])
        held = cleared._replace(reports_due=((at, "2026-11-24"),))
        assert documents(known=[held], today=date(2026, 11, 25))["incident/G-2026-0007"].due_day == TOMORROW

    def test_a_report_of_each_month_s_drill(self) -> None:
        duty = {"id": "drill", "title": "演练报告", "rule": "drill", "due": 2}
        versions = [(EVER, contract(documents=[duty]))]
        assert documents(versions=versions) == {}
        found = documents(versions=versions, drills={"2026-11": there("2026-11-20 02:00")})
        assert found["drill/2026-11"].due_day == TOMORROW

    def test_what_was_agreed_upon(self) -> None:
        entries = Entries()
        agreed = {"document": "纪要〔2026〕8号"}
        entries.enter(Step.AGREED, T0, "drill/2026-11-30", due="2026-11-30", **agreed)
        entries.enter(Step.AGREED, T0, "yearly/2026", due="2027-01-15", **agreed)
        entries.enter(Step.AGREED, T0, W47, due="2026-11-27", **agreed)
        entries.enter(Step.AGREED, T0, "nobody/2026-11-30", due="2026-11-30", **agreed)
        found = documents(entries)
        assert {name: str(found[name].due_day) for name in ("drill/2026-11-30", "yearly/2026", W47)} == {
            "drill/2026-11-30": "2026-11-30", "yearly/2026": "2027-01-15", W47: "2026-11-27",
        }  # fmt: skip
        assert "nobody/2026-11-30" not in found
        assert documents()["yearly/2026"].undetermined == "双方约定，还没有登记约定的日期"
        entries.enter(Step.WITHDRAWN, T0, "drill/2026-11-30", corrects=1)
        assert "drill/2026-11-30" not in documents(entries)

    def test_files_are_called_as_people_call_them(self) -> None:
        assert file_names(only()) == {"周报-2026-W47", "weekly-2026-W47"}

    def test_due_in_a_month(self) -> None:
        found = documents(first=date(2026, 9, 1), last=date(2026, 12, 31)).values()
        november = [one.subject for one in due_in(found, date(2026, 11, 1), date(2026, 11, 30))]
        assert november == [
            "weekly/2026-W44", "monthly/2026-10", "weekly/2026-W45", "weekly/2026-W46", W47, "weekly/2026-W48",
        ]  # fmt: skip
        january = [one.subject for one in due_in(found, date(2027, 1, 1), date(2027, 1, 31))]
        assert "monthly/2026-12" in january, "of what cannot be told when: what is called for in it"


class TestInTime:
    @pytest.mark.parametrize(
        ("at", "late"), [(DUE - SECOND, False), (DUE, False), (DUE + SECOND, True), (there("2026-11-16 09:00"), False)]
    )
    def test_exactly_on_time_is_in_time(self, at: datetime, late: bool) -> None:
        entries = Entries()
        entries.submit(at)
        one = only(entries)
        assert one.late(DUE + timedelta(days=9)) is late
        assert one.points(DUE + timedelta(days=9)) == (-0.5 if late else 0)
        assert one.state(DUE + timedelta(days=9)) is State.SUBMITTED

    def test_nothing_at_all(self) -> None:
        one = only()
        assert (one.state(DUE), one.late(DUE), one.points(DUE)) == (State.EXPECTED, False, 0)
        assert (one.state(DUE + SECOND), one.points(DUE + SECOND)) == (State.LATE, -0.5)
        assert one.verdict(DUE + timedelta(hours=27)) == "逾期未交，已 1 天 3 小时"

    def test_a_draft_of_ours_is_no_submission(self) -> None:
        one = only(drafts=frozenset({"周报-2026-W47"}))
        assert (one.state(T0), one.state(DUE + SECOND)) == (State.DRAFTED, State.LATE)

    def test_returned_and_handed_in_anew_by_the_day_that_was_named(self) -> None:
        until = there("2026-11-28 00:00")
        for at, late in ((until, False), (until + SECOND, True)):
            entries = Entries()
            first = entries.submit(there("2026-11-23 17:00"))
            entries.give_back(first, there("2026-11-24 10:00"), date(2026, 11, 27), typos=3)
            assert only(entries).state(until) is State.RETURNED
            assert only(entries).limit_day == date(2026, 11, 27)
            assert only(entries).late(until + SECOND)
            entries.submit(at, content="b")
            one = only(entries)
            assert one.late(until + timedelta(days=9)) is late
            assert one.submissions[0].typos == 3

    def test_a_day_named_before_the_due_day_takes_nothing_away(self) -> None:
        entries = Entries()
        entries.give_back(entries.submit(there("2026-11-20 09:00")), there("2026-11-20 10:00"), date(2026, 11, 21))
        entries.submit(DUE, content="b")
        assert not only(entries).late(DUE + SECOND)

    def test_what_came_late_stays_late_though_it_was_returned(self) -> None:
        entries = Entries()
        entries.give_back(entries.submit(DUE + SECOND), DUE + 2 * SECOND, date(2026, 12, 10))
        entries.submit(DUE + 3 * SECOND, content="b")
        assert only(entries).points(DUE + timedelta(days=30)) == -0.5, "once"

    def test_accepted_after_all(self) -> None:
        entries = Entries()
        first = entries.submit(there("2026-11-20 09:00"))
        entries.give_back(first, there("2026-11-20 10:00"), date(2026, 11, 27))
        entries.accept(first, there("2026-11-21 10:00"))
        assert only(entries).state(DUE) is State.ACCEPTED

    def test_a_corrected_submission_keeps_its_answer(self) -> None:
        entries = Entries()
        first = entries.submit(DUE + SECOND)
        entries.accept(first, DUE + timedelta(days=1))
        assert only(entries).late(DUE + timedelta(days=2))
        entries.submit(DUE - SECOND, corrects=first)
        one = only(entries)
        assert (one.state(DUE + timedelta(days=2)), one.late(DUE + timedelta(days=2))) == (State.ACCEPTED, False)

    def test_an_entry_that_was_withdrawn_never_was(self) -> None:
        entries = Entries()
        first = entries.submit(there("2026-11-20 09:00"))
        entries.accept(first, there("2026-11-20 10:00"))
        entries.enter(Step.WITHDRAWN, T0, corrects=first)
        assert only(entries).state(T0) is State.EXPECTED

    def test_excused(self) -> None:
        entries = Entries()
        entries.enter(Step.EXCUSED, T0, document="函〔2026〕3号")
        one = only(entries)
        assert (one.state(DUE + SECOND), one.points(DUE + SECOND), one.is_open(T0)) == (State.EXCUSED, 0, False)
        assert "函〔2026〕3号" in one.verdict(T0)

    def test_of_no_certain_day_costs_nothing(self) -> None:
        one = only(subject="quarterly/2026-Q4")
        later = datetime(2028, 1, 1, tzinfo=UTC)
        assert (one.state(later), one.points(later), one.limit_day) == (State.UNDETERMINED, 0, None)
        assert "2027 年的放假安排还没有公布" in one.verdict(later)

    def test_what_was_due_before_the_record_began_is_not_judged(self) -> None:
        one = only(since=DUE + SECOND)
        later = DUE + timedelta(days=9)
        assert (one.unrecorded, one.state(later), one.points(later)) == (True, State.UNDETERMINED, 0)
        assert one.verdict(later) == one.stands(later) == "不明：台账启用之前到期"
        entries = Entries()
        entries.submit(DUE + SECOND)
        assert only(entries, since=DUE + SECOND).points(later) == -0.5, "whoever enters something is judged by it"
        assert only(since=DUE).unrecorded is False


class Act(NamedTuple):
    """Something that is entered, an hour or more after the last. `pick`: of which submission; `days`: from then on."""

    what: str
    hours: int
    pick: int
    days: int


ACTS = st.lists(
    st.builds(
        Act,
        st.sampled_from(["submit", "submit", "return", "accept", "correct", "withdraw", "excuse", "agree", "due"]),
        st.integers(0, 200),
        st.integers(0, 5),
        st.integers(0, 9),
    ),
    max_size=12,
)
MOMENTS = st.integers(-200, 1200)  # hours from the due instant
steadily = settings(derandomize=True, max_examples=150, deadline=None, database=None)


def played(acts: list[Act], start: datetime = DUE - timedelta(hours=150), *, excuses: bool = True) -> Entries:
    """The acts, one after the other, as far as they make sense."""
    entries, at = Entries(), start
    handed_in: list[int] = []
    for act in acts:
        at += timedelta(hours=act.hours / 4)
        of = handed_in[act.pick % len(handed_in)] if handed_in else 0
        day = (at + timedelta(days=act.days)).date()
        if act.what == "submit":
            handed_in.append(entries.submit(at))
        elif act.what == "excuse" and excuses:
            entries.enter(Step.EXCUSED, at, document="函")
        elif act.what == "agree":
            entries.enter(Step.AGREED, at, document="纪要", due=day.isoformat())
        elif act.what == "due":
            entries.enter(Step.DUE, at, due=day.isoformat(), calendar="x")
        elif of and act.what == "return":
            entries.give_back(of, at, day)
        elif of and act.what == "accept":
            entries.accept(of, at)
        elif of and not any(one.corrects == of for one in entries.events):
            if act.what == "correct":
                handed_in[handed_in.index(of)] = entries.submit(at, corrects=of)
            elif act.what == "withdraw":
                entries.enter(Step.WITHDRAWN, at, corrects=of)
                handed_in.remove(of)
    return entries


@steadily
@given(ACTS, MOMENTS)
def test_whatever_was_entered_it_stands_somewhere_and_costs_half_a_point_or_nothing(
    acts: list[Act], hours: int
) -> None:
    now = DUE + timedelta(hours=hours)
    one = only(played(acts), today=now.date())
    assert isinstance(one.state(now), State)
    assert one.stands(now)
    assert one.points(now) in (0, -LATE_COSTS)
    assert (one.points(now) < 0) == one.late(now)
    assert one.is_open(now) == (one.state(now) in (
        State.EXPECTED, State.DRAFTED, State.RETURNED, State.LATE, State.UNDETERMINED
    ))  # fmt: skip
    if one.state(now) is State.LATE:
        assert one.late(now)
    if one.late(now):
        assert one.limit is not None
        assert now > one.limit or any(each.at > one.limit for each in one.submissions)
    assert points([one, one], now) == 2 * one.points(now)


@steadily
@given(ACTS)
def test_what_is_late_does_not_become_in_time_by_waiting(acts: list[Act]) -> None:
    one = only(played(acts))
    costs = [one.points(DUE + timedelta(hours=hours)) for hours in range(-200, 1200, 25)]
    assert costs == sorted(costs, reverse=True)


@steadily
@given(ACTS, st.integers(0, 11), st.integers(1, 600), MOMENTS)
def test_to_hand_in_earlier_never_costs_more(acts: list[Act], which: int, earlier: int, hours: int) -> None:
    entries, now = played(acts), DUE + timedelta(hours=hours)
    handed_in = [n for n, one in enumerate(entries.events) if one.body["step"] == Step.SUBMITTED]
    if not handed_in:
        return
    before = only(entries, today=TOMORROW).points(now)
    number = handed_in[which % len(handed_in)]
    event = entries.events[number]
    entries.events[number] = event.model_copy(update={"at": event.at - timedelta(hours=earlier)})
    assert only(entries, today=TOMORROW).points(now) >= before


@steadily
@given(st.lists(st.tuples(st.sampled_from("SRAEGCW"), st.integers(0, 60), st.integers(0, 9)), max_size=14))
def test_people_enter_what_they_like_and_what_is_refused_changes_nothing(acts: list[tuple[str, int, int]]) -> None:
    """Whatever is taken leads where it says."""
    record, now = Entries(), DUE - timedelta(hours=100)

    def build(events: Sequence[EventRecord]) -> list[Document]:
        book = Entries()
        book.events = list(events)
        return list(documents(book, today=now.date()).values())

    for number, (what, hours, pick) in enumerate(acts):
        now += timedelta(hours=hours)
        events = record.events
        file = document_entries.File("a.docx", f"{number % 3}" * 64, 1, {"path": "a"})
        handed = document_entries.Handed(now - timedelta(hours=pick), "cli")
        day = (now + timedelta(days=pick)).date()
        make: dict[str, Callable[[], Event]] = {
            "S": lambda: document_entries.submission(build, events, W47, file, handed, BY, now),  # noqa: B023
            "C": lambda: document_entries.submission(build, events, "", None, handed, BY, now, pick),  # noqa: B023
            "A": lambda: document_entries.answer(build, events, W47, now, BY, now, again=None),  # noqa: B023
            "R": lambda: document_entries.answer(build, events, W47, now, BY, now, again=day, typos=pick),  # noqa: B023
            "G": lambda: document_entries.agreement(VERSIONS[0][1], build, events, W47, day, "函", BY, now),  # noqa: B023
            "E": lambda: document_entries.excuse(build, events, W47, "函", BY, now),  # noqa: B023
            "W": lambda: document_entries.withdrawal(events, pick, BY, now),  # noqa: B023
        }
        try:
            event = make[what]()
        except RequestError:
            continue
        record.events = [*events, EventRecord(**event.model_dump(), id=len(events) + 1, entered_at=now)]
        one = only(record, today=now.date())
        if what in "SA":
            assert one.state(now) is {"S": State.SUBMITTED, "A": State.ACCEPTED}[what]
        elif what == "R":
            assert one.counts is None
        elif what == "C":
            assert one.submissions  # with the answer that the corrected one had
        elif what == "E":
            assert one.points(now) == 0
