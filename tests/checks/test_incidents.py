"""Incidents from what is seen and what is entered: one per cause, never ended by a word alone."""

from datetime import UTC, datetime, timedelta

import pytest

from checks.contract import Contract
from checks.entries import Who, call, progress
from checks.finding import Finding, Reason, State
from checks.incidents import Incident, Outage, Step, World, incidents, news
from checks.records import Event, EventRecord, FindingRecord
from checks.slots import RequestError

T0 = datetime(2026, 11, 23, 1, tzinfo=UTC)
SETTLE = timedelta(minutes=30)
BY = Who("值班员", "记录", "cli:duty")


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def contract() -> Contract:
    journey = {"id": "todo", "title": "待办", "steps": [{"goto": "/"}, {"expect": {"text": "待办"}}]}
    return Contract.model_validate(
        {
            "name": "合同",
            "client": {"name": "示例单位"},
            "contractor": {"name": "示例公司"},
            "term": {"start": "2026-01-01", "end": "2026-12-31"},
            "systems": [
                {"id": name, "name": name, "url": "https://127.0.0.1:1", "journeys": [journey]} for name in ("oa", "mo")
            ],
            "hosts": [
                {"system": "oa", "hosts": [{"name": "oa-db-01", "role": "数据库"}], "services": {"postgresql": {}}}
            ],
        }
    )


class Record:
    """The events of one ledger: numbers as it gives them."""

    def __init__(self) -> None:
        self.events: list[EventRecord] = []

    def enter(self, event: Event, *, numbered: bool = False, now: datetime = T0) -> int:
        number = len(self.events) + 1
        subject = event.subject
        if numbered:
            subject += f"{len({one.subject for one in self.events}) + 1:04}"
        self.events.append(
            EventRecord.model_validate({**event.model_dump(), "subject": subject, "id": number, "entered_at": now})
        )
        return number

    def see(self, world: World, now: datetime) -> list[Event]:
        """One round of the watch; what it added."""
        added = news(contract(), self.known, world, now, SETTLE)
        for event in added:
            self.enter(event, numbered=event.body["step"] == Step.DISCOVERED, now=now)
        return added

    def person(self, step: Step, when: datetime, now: datetime, number: str = "", corrects: int | None = None) -> int:
        entry = progress(self.known, number, step, when, BY, now)
        return self.enter(entry.event.model_copy(update={"corrects": corrects}), now=now)

    @property
    def known(self) -> list[Incident]:
        return incidents(self.events)

    @property
    def only(self) -> Incident:
        [one] = self.known
        return one


def verdicts(*those: tuple[str, str, State, float]) -> dict[tuple[str, str], FindingRecord]:
    found = {}
    for target, check, state, when in those:
        reason = Reason.UNREACHABLE if state is State.UNKNOWN else None
        finding = Finding(check=check, state=state, summary=f"{check} 的实际与期望", reason=reason)
        found[target, check] = FindingRecord(target=target, attempt=1, at=at(when), finding=finding)
    return found


def down(since: float, last: float, system: str = "oa") -> dict[str, Outage]:
    return {system: Outage(at(since), at(since + 1), at(last), "拒绝连接")}


QUIET = World({}, {"oa": T0 - timedelta(hours=1), "mo": T0 - timedelta(hours=1)}, {})


def steps(record: Record) -> list[str]:
    return [one.body["step"] for one in record.events]


def test_an_outage_is_one_incident_from_its_first_failed_probe_to_its_end() -> None:
    """Given a system that fails, when it is seen again and again, up, and quiet for half an hour, then each step is
    entered once."""
    record = Record()
    for minute in (1, 1, 2, 3):
        record.see(World(down(0, minute), {}, {}), at(minute))
    one = record.only
    assert (one.id, one.started_at, one.discovered_at, one.state) == ("G-2026-0001", at(0), at(1), "待响应")
    for minute in (5, 6, 33):
        record.see(World({}, {"oa": at(4)}, {}), at(minute))
    assert (record.only.restored_at, record.only.state) == (at(4), "已恢复，观察中")
    record.see(World({}, {"oa": at(4)}, {}), at(60))
    assert (record.only.cleared_at, record.only.state) == (at(34), "已解除")
    assert record.see(World({}, {"oa": at(4)}, {}), at(61)) == []
    assert steps(record) == ["discovered", "restored", "cleared"]


def test_a_system_that_comes_and_goes_has_one_incident() -> None:
    record = Record()
    record.see(World(down(0, 1), {}, {}), at(1))
    record.see(World({}, {"oa": at(5)}, {}), at(6))
    record.see(World(down(20, 21), {}, {}), at(21))
    record.see(World({}, {"oa": at(25)}, {}), at(26))
    one = record.only
    assert (one.reopened, one.restored_at, one.cleared_at) == ((at(21),), at(25), None)
    record.see(World({}, {"oa": at(25)}, {}), at(56))
    # When: it fails again after that
    record.see(World(down(90, 91), {}, {}), at(91))
    assert [one.id for one in record.known] == ["G-2026-0001", "G-2026-0002"]


def test_a_database_behind_red_pages_is_one_incident_with_all_its_symptoms() -> None:
    red = [("oa/todo", "PG01", State.CRIT, 1.0), ("oa/todo", "PG05", State.CRIT, 1.0)]
    record = Record()
    record.see(World(down(0, 1), {}, verdicts(*red)), at(2))
    record.see(World(down(0, 1), {}, verdicts(*red, ("oa-db-01", "PG1", State.CRIT, 3))), at(4))
    names = {symptom.name for symptom in record.only.symptoms}
    assert names == {("oa", "AV01"), ("oa/todo", "PG01"), ("oa/todo", "PG05"), ("oa-db-01", "PG1")}
    # When: only the probe is well again
    record.see(World({}, {"oa": at(9)}, verdicts(*red)), at(10))
    assert record.only.restored_at is None, "the pages have not been looked at again"
    well = verdicts(*((t, c, State.OK, 20.0) for t, c, _, _ in red), ("oa-db-01", "PG1", State.OK, 22))
    record.see(World({}, {"oa": at(9)}, well), at(23))
    assert record.only.restored_at == at(22)


def test_what_has_another_cause_is_another_incident() -> None:
    record = Record()
    others = [("oa/todo", "PG03"), ("oa-db-01", "OS01"), ("oa-db-01", "OS08")]
    world = World(down(0, 1, "mo"), {}, verdicts(*((target, check, State.CRIT, 1) for target, check in others)))
    record.see(world, at(2))
    assert sorted(one.key for one in record.known) == ["mo", "oa", "oa-db-01/OS01", "oa/PG03"]


def test_what_could_not_be_looked_at_is_neither_a_fault_nor_an_end() -> None:
    record = Record()
    record.see(World({}, {}, verdicts(("oa/todo", "PG05", State.CRIT, 1))), at(2))
    assert record.see(World({}, {}, verdicts(("oa/todo", "PG05", State.UNKNOWN, 5))), at(6)) == []
    assert record.only.restored_at is None
    assert record.see(World({}, {}, verdicts(("oa/todo", "PG05", State.CRIT, 9))), at(10)) == []


def test_a_host_that_cannot_be_reached_is_told_until_it_answers() -> None:
    record = Record()
    record.see(
        World({}, {}, verdicts(("oa-db-01", "OS01", State.UNKNOWN, 1), ("oa-db-01", "OS02", State.UNKNOWN, 1))), at(2)
    )
    assert [symptom.check for symptom in record.only.symptoms] == ["SSH"]
    record.see(World({}, {}, verdicts(("oa-db-01", "OS01", State.OK, 9), ("oa-db-01", "OS02", State.WARN, 9))), at(10))
    assert record.only.restored_at == at(9)


def test_a_word_alone_does_not_end_what_the_probe_still_sees() -> None:
    """Given a person who enters a recovery, when the next probe fails all the same, then the incident is open again."""
    record = Record()
    record.see(World(down(0, 3), {}, {}), at(3))
    record.person(Step.RESTORED, at(4), at(4))
    assert record.see(World(down(0, 3), {}, {}), at(4)) == [], "nothing was seen since"
    record.see(World(down(0, 5), {}, {}), at(5))
    assert (record.only.restored_at, record.only.reopened) == (None, (at(5),))


def test_a_finding_of_before_the_end_does_not_open_it_again() -> None:
    record = Record()
    red = verdicts(("oa/todo", "PG05", State.CRIT, 1))
    record.see(World({}, {}, red), at(2))
    record.person(Step.RESTORED, at(5), at(5))
    assert record.see(World({}, {}, red), at(6)) == []
    record.see(World({}, {}, red), at(60))
    assert record.see(World({}, {}, red), at(61)) == []
    assert record.only.state == "已解除"


def test_a_call_is_a_discovery_and_joins_what_is_going_on() -> None:
    record = Record()
    entry = call(contract(), record.known, "oa", at(0), BY, at(1), down=True)
    record.enter(entry.event, numbered=entry.numbered)
    assert (record.only.received_at, record.only.reported_down, record.only.found_by) == (at(0), True, "call")
    record.see(World(down(2, 3), {}, {}), at(3))
    assert len(record.known) == 1
    again = call(contract(), record.known, "oa", at(4), BY, at(4), down=False)
    assert (again.numbered, again.event.body["step"]) == (False, "received")


def test_a_correction_counts_and_what_it_corrects_does_not() -> None:
    record = Record()
    record.see(World(down(0, 1), {}, {}), at(1))
    wrong = record.person(Step.RESPONDED, at(3), at(50))
    record.person(Step.RESPONDED, at(40), at(51), corrects=wrong)
    assert record.only.responded_at == at(40)
    assert len(record.events) == 3


def test_the_order_of_entry_does_not_matter() -> None:
    told = []
    for turn in (1, -1):
        record = Record()
        record.see(World(down(0, 1), {}, {}), at(1))
        entries = [(Step.RECEIVED, 0.5), (Step.RESPONDED, 10), (Step.HANDED_OVER, 12)]
        for step, minute in entries[::turn]:
            record.person(step, at(minute), at(60))
        record.person(Step.TAKEN_BACK, at(30), at(60))
        told.append(record.only)
    assert told[0] == told[1]
    assert (told[0].received_at, told[0].waits[0].start, told[0].waits[0].end) == (at(0.5), at(12), at(30))


@pytest.mark.parametrize(
    ("step", "when", "said"),
    [
        (Step.RESPONDED, 99, "还没有到"),
        (Step.RESPONDED, -1, "早于故障开始"),
        (Step.TAKEN_BACK, 2, "第三方"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(step: Step, when: float, said: str) -> None:
    record = Record()
    record.see(World(down(0, 1), {}, {}), at(1))
    with pytest.raises(RequestError, match=said):
        record.person(step, at(when), at(3))


def test_a_false_alarm_is_void_and_stays_so_until_something_new_is_seen() -> None:
    record = Record()
    red = verdicts(("oa/todo", "PG05", State.CRIT, 1))
    record.see(World({}, {}, red), at(2))
    record.person(Step.VOID, at(3), at(3))
    assert record.see(World({}, {}, red), at(4)) == []
    record.see(World({}, {}, verdicts(("oa/todo", "PG05", State.CRIT, 9))), at(10))
    assert [one.void for one in record.known] == [True, False]
