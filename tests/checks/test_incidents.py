"""Incidents from what is seen and what is entered: one per cause, never ended by a word alone."""

from datetime import datetime, timedelta

import pytest
from incident_book import BY, CONTRACT, T0, Record, at

from checks.availability import Sight
from checks.entries import call
from checks.finding import Finding, Reason, State
from checks.incidents import Step
from checks.probe import Reading
from checks.records import FindingRecord
from checks.sightings import Outage, World, outages_in, still_seen
from checks.slots import RequestError


def verdicts(*those: tuple[str, str, State, float]) -> dict[tuple[str, str], FindingRecord]:
    found = {}
    for target, check, state, when in those:
        reason = Reason.UNREACHABLE if state is State.UNKNOWN else None
        finding = Finding(check=check, state=state, summary=f"{check} 的实际与期望", reason=reason)
        found[target, check] = FindingRecord(target=target, attempt=1, at=at(when), finding=finding)
    return found


def down(since: float, last: float, system: str = "oa") -> dict[str, list[Outage]]:
    return {system: [Outage((at(since), at(since + 1), at(last)), "拒绝连接")]}


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


def test_what_is_wrong_with_one_backup_is_one_incident_of_its_system() -> None:
    """Given a copy that is cut short, and so too small and no fit for its checksum."""
    record = Record()
    wrong = [("oa.db", check, State.CRIT, 1.0) for check in ("BK03", "BK05", "BK07")]
    record.see(World({}, {}, verdicts(*wrong, ("oa.db", "BK08", State.WARN, 1))), at(2))
    assert (record.only.key, record.only.system, len(record.only.symptoms)) == ("oa.db/BK", "oa", 3)
    # When: the next night's copy is whole
    record.see(World({}, {}, verdicts(*((target, check, State.OK, 9.0) for target, check, _, _ in wrong))), at(10))
    assert record.only.restored_at == at(9)


def test_a_drill_that_failed_is_an_incident_beside_that_of_the_backup() -> None:
    record = Record()
    record.see(World({}, {}, verdicts(("oa.db", "BK05", State.CRIT, 1), ("oa.db", "RS01", State.CRIT, 1))), at(2))
    assert [one.key for one in record.known] == ["oa.db/BK", "oa.db/RS"]


def test_a_backup_whose_place_cannot_be_reached_is_no_system_that_has_stopped() -> None:
    world = World({}, {}, verdicts(("oa.db", "BK01", State.UNKNOWN, 1), ("old.db", "BK01", State.CRIT, 1)))
    assert Record().see(world, at(2)) == []


def test_planned_downtime_explains_no_backup_that_is_broken() -> None:
    world = World({}, {}, verdicts(("oa.db", "BK05", State.CRIT, 1)), planned={"oa": [(at(0), at(60))]})
    record = Record()
    record.see(world, at(2))
    assert record.only.key == "oa.db/BK"


def test_what_the_baseline_finds_wanting_is_no_incident() -> None:
    """Given a host without an audit service, then nobody has to mend it within eight hours; one that cannot be reached
    at its baseline check is an incident all the same."""
    record = Record()
    assert record.see(World({}, {}, verdicts(("oa-db-01", "B14", State.CRIT, 1))), at(2)) == []
    record.see(World({}, {}, verdicts(("oa-db-01", "B14", State.UNKNOWN, 3))), at(4))
    assert record.only.key == "oa"


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
    entry = call(CONTRACT, record.known, "oa", at(0), BY, at(1), down=True)
    record.enter(entry.event, numbered=entry.numbered)
    assert (record.only.received_at, bool(record.only.down), record.only.found_by) == (at(0), True, "call")
    record.see(World(down(2, 3), {}, {}), at(3))
    assert len(record.known) == 1
    again = call(CONTRACT, record.known, "oa", at(4), BY, at(4), down=False)
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


def probed(letters: str, since: float = 0) -> list[Outage]:
    """A letter a minute: U, D, B."""
    sights = {"U": Sight.UP, "D": Sight.DOWN, "B": Sight.BLIND}
    return outages_in(Reading(at(since + n), sights[one], 9) for n, one in enumerate(letters))[0]


def called(record: Record, when: float, now: float, *, down: bool = True) -> int:
    return record.put(call(CONTRACT, record.known, "oa", at(when), BY, at(now), down=down), at(now))


def test_a_clock_that_is_set_back_turns_nothing_around() -> None:
    """Given bad probes of which the second says an earlier time, and a good one that says an earlier one still."""
    readings = [Reading(at(minute), sight, 9) for minute, sight in ((5, Sight.DOWN), (3, Sight.DOWN), (4, Sight.UP))]
    outages, up_since = outages_in(readings)
    [one] = outages
    assert one.since < one.confirmed_at == max(one.bad) < (one.up_at or T0)
    record = Record()
    record.see(World({"oa": outages}, {"oa": up_since or T0}, {}), at(4.5))
    record.see(World({"oa": outages}, {"oa": up_since or T0}, {}), at(4.5))
    assert record.only.started_at <= record.only.discovered_at < (record.only.restored_at or T0)


def test_what_a_clock_that_was_set_back_has_not_reached_opens_nothing_beside_what_is_open() -> None:
    record = Record()
    world = World({"oa": [*probed("DDU"), *probed("DDU", 40)]}, {"oa": at(42)}, {})
    for _ in range(5):  # the outage of minute 40 is on record, and the clock says 20
        record.see(world, at(20))
    assert [one.state for one in record.known] == ["已恢复，观察中"]
    for _ in range(5):
        record.see(world, at(45))
    assert [one.started_at for one in record.known] == [at(0), at(40)]


def test_what_a_caller_has_opened_again_is_ended_by_a_person_or_by_what_is_seen_after_it() -> None:
    """Given a probe that is content all the while, then nothing is restored because its readings grow old."""
    record = Record()
    for minute in (3, 3):
        record.see(World({"oa": probed("DDU")}, {"oa": at(2)}, {}), at(minute))
    called(record, 5, 6)
    assert (record.only.restored_at, record.only.reopened) == (None, (at(5),))
    assert record.see(World({}, {"oa": at(30)}, {}), at(150)) == []
    # When: the probe sees it down after all, and up
    world = World({"oa": probed("UDDU", 160)}, {"oa": at(163)}, {})
    while record.see(world, at(164)):
        pass
    assert (record.only.restored_at, record.only.down) == (at(163), ((at(5), at(163)),))


def test_whoever_voids_what_was_long_over_hides_nothing_of_what_came_after_it() -> None:
    record = Record()
    first = World({"oa": probed("DDU")}, {"oa": at(2)}, {})
    while record.see(first, at(40)):
        pass
    late = World({"oa": [*probed("DDU"), *probed("DDU", 100)]}, {"oa": at(102)}, {})
    record.person(Step.VOID, at(103), at(103), "G-2026-0001")
    while record.see(late, at(104)):
        pass
    assert [(one.started_at, one.void) for one in record.known] == [(at(0), True), (at(100), False)]


def test_an_outage_of_before_a_call_is_not_lost_with_it() -> None:
    """Given nobody who watched, when a call was entered and ended by a person, then what was seen before is told."""
    record = Record()
    called(record, 60, 60)
    record.person(Step.RESTORED, at(65), at(65))
    while record.see(World({"oa": probed("DDDU")}, {"oa": at(3)}, {}), at(70)):
        pass
    assert record.only.started_at == at(0)
    record.person(Step.CLEARED, at(75), at(75))
    while record.see(World({"oa": [*probed("DDU"), *probed("DDU", -60)]}, {"oa": at(3)}, {}), at(76)):
        pass
    assert [(one.started_at, one.is_open) for one in record.known] == [(at(-60), False), (at(0), False)]


def test_a_call_of_the_moment_of_recovery_leaves_nothing_down() -> None:
    record = Record()
    called(record, 0, 0)
    record.person(Step.RESTORED, at(9), at(9))
    called(record, 9, 10)
    assert (record.only.restored_at, record.only.down) == (at(9), ((at(0), at(9)),))


def test_a_call_of_before_the_first_call_counts_from_then() -> None:
    record = Record()
    called(record, 10, 10)
    called(record, 2, 11)
    one = record.only
    assert (one.started_at, one.received_at, one.heard_at, one.down) == (at(2), at(2), at(10), ((at(2), None),))
    record.person(Step.RESPONDED, at(5), at(12))
    assert record.only.responded_at == at(5)


def test_what_was_reported_after_a_recovery_that_is_entered_later_opens_it_again() -> None:
    """Given a recovery that is corrected to before a call, then the call still counts."""
    record = Record()
    called(record, 0, 0)
    wrong = record.person(Step.RESTORED, at(20), at(20))
    called(record, 15, 21)
    record.person(Step.RESTORED, at(10), at(22), corrects=wrong)
    assert (record.only.restored_at, record.only.down) == (None, ((at(0), at(10)), (at(15), None)))


def test_shut_down_as_planned_right_after_a_recovery_is_no_relapse() -> None:
    """Given a word said between the last bad probe and a planned window, then what is bad within it is planned."""
    planned = {"oa": [(at(5), at(9)), (at(9), at(20))]}
    record = Record()
    record.see(World({"oa": probed("DDDDD")}, {}, {}, planned), at(4.2))
    record.person(Step.RESTORED, at(4.5), at(4.6))
    assert record.see(World({"oa": probed("DDDDDDDDDDDDDD")}, {}, {}, planned), at(13.2)) == []
    # When: it overruns
    record.see(World({"oa": probed("D" * 22)}, {}, {}, planned), at(21.2))
    assert record.only.reopened == (at(21),)


@pytest.mark.parametrize(
    ("later", "seen"),
    [
        ([("oa-db-01", "OS01", State.UNKNOWN, 9.0)], at(9)),
        ([("oa-db-01", "OS01", State.OK, 9.0), ("oa-db-01", "OS02", State.UNKNOWN, 12)], None),
        ([("oa-db-01", "OS01", State.CRIT, 9.0)], None),
        ([("oa-db-01", "OS01", State.UNKNOWN, 5.0)], None),
    ],
)
def test_a_host_that_still_cannot_be_reached_was_not_restored(
    later: list[tuple[str, str, State, float]], seen: datetime | None
) -> None:
    record = Record()
    record.see(World({}, {}, verdicts(("oa-db-01", "OS01", State.UNKNOWN, 1))), at(2))
    assert still_seen(record.only, at(5), verdicts(*later).values(), [], ()) == seen


def test_what_is_bad_as_planned_does_not_contradict_a_recovery() -> None:
    record = Record()
    red = verdicts(("oa/todo", "PG01", State.CRIT, 1))
    record.see(World({"oa": probed("DDD")}, {}, red), at(3))
    later = verdicts(("oa/todo", "PG01", State.CRIT, 9)).values()
    bad = [Reading(at(minute), Sight.DOWN, 9) for minute in range(13)]
    assert still_seen(record.only, at(4.5), later, bad, [(at(5), at(20))]) is None
    assert still_seen(record.only, at(3.5), later, bad, [(at(5), at(20))]) == at(4)
    assert still_seen(record.only, at(4.5), later, bad, ()) == at(9)


def test_it_is_not_restored_in_the_round_that_finds_something_else_wrong() -> None:
    record = Record()
    record.see(World({"oa": probed("DD")}, {}, {}), at(1))
    red = verdicts(("oa/todo", "PG05", State.CRIT, 2))
    for _ in range(3):
        record.see(World({"oa": probed("DDDU")}, {"oa": at(3)}, red), at(4))
    assert (record.only.restored_at, len(record.only.symptoms)) == (None, 2)


def test_a_recovery_of_before_the_last_call_is_none() -> None:
    record = Record()
    record.see(World({"oa": probed("DD")}, {}, {}), at(1))
    called(record, 4, 5)
    assert record.see(World({"oa": probed("DDDU")}, {"oa": at(3)}, {}), at(6)) == []


def test_what_was_seen_before_belongs_to_what_is_open_and_is_entered_once() -> None:
    """Given a watch that is restarted and looks farther back than before."""
    record = Record()
    called(record, 60, 60)
    record.see(World({"oa": probed("DD", 62)}, {}, {}), at(63))
    world = World({"oa": [*probed("DDU"), *probed("DDD", 62)]}, {}, {})
    record.see(world, at(64))
    assert (record.only.started_at, record.see(world, at(64))) == (at(0), [])
    # Then: what was found last decides when it is over
    record.see(World({"oa": [*probed("DDU"), *probed("DDDU", 62)]}, {"oa": at(65)}, {}), at(66))
    assert record.only.restored_at == at(65)
