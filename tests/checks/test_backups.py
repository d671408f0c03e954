"""The items of the backup check: facts in, verdicts out. Nothing here touches a file."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from checks.backup import Backup, Kind, SizeLimits
from checks.backup_check import (
    alike,
    backup_checks,
    bytes_of,
    hours,
    judge,
    known_copies,
    not_looked,
    planned,
    read_before,
    same_bytes,
)
from checks.backups import size
from checks.backups.size import state_of
from checks.finding import Finding, Reason, State
from checks.visit import BackupVisit, Contents, Copy

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
NIGHTS = [NOW - timedelta(hours=4) - timedelta(days=n) for n in range(6)]  # newest first
OFFSITE = {"at": {"folder": "/data/offsite"}}


def backup(kind: str = "mysqldump", **more: Any) -> Backup:
    one = {"id": "db", "title": "数据库", "kind": kind, "at": {"folder": "/var/backups"}, "database": "", **more}
    if Kind(kind).repository:
        one["password"] = "repository"
    return Backup.model_validate({"pattern": "app-*.sql.gz", **one})


def copies(sizes: Sequence[int] = (1000,) * 6, times: Sequence[datetime] = NIGHTS, **more: Any) -> tuple[Copy, ...]:
    those = zip(times, sizes, strict=False)
    return tuple(Copy(**{"name": f"app-{at:%m%d}.sql.gz", "size": size, "at": at, "mode": 0o640, **more})
                 for at, size in those)  # fmt: skip


SOUND = Contents(
    sha256="a" * 64,
    size=1000,
    whole=True,
    form="gzip sql",
    of_kind=True,
    made_by="mariadb-dump 10.11.6",
    databases=("app",),
    tables=3,
)


def visit(*, of: Sequence[Copy] | None = None, contents: Contents | None = SOUND, **more: Any) -> BackupVisit:
    those = tuple(copies() if of is None else of)
    facts = {"target": "oa.db", "attempt": 1, "started_at": NOW, "seconds": 1, "copies": those, "count": len(those),
             "contents": contents if those else None, **more}  # fmt: skip
    return BackupVisit.model_validate(facts)


def verdict(item: str, seen: BackupVisit, of: Backup | None = None, past: Sequence[BackupVisit] = ()) -> Finding:
    found = judge(seen, of or backup(), past, NOW)
    return next(one for one in found if one.check == item)


class TestAll:
    def test_one_file_is_one_item(self) -> None:
        assert [one.id for one in backup_checks()] == [f"BK{number:02}" for number in range(1, 11)]

    def test_a_sound_backup_is_fine_in_every_item_that_is_due(self) -> None:
        one = backup(database="app", offsite=OFFSITE, mode="640", keep=3)
        found = judge(visit(offsite=copies()[0]), one, (), NOW)
        assert [(finding.check, finding.state) for finding in found] == [
            (f"BK{number:02}", State.OK) for number in range(1, 11)
        ]

    @pytest.mark.parametrize(
        ("one", "missing"),
        [
            (backup(), {"BK10"}),
            (backup("vendor"), {"BK06", "BK10"}),
            (backup("restic"), {"BK04", "BK06", "BK07", "BK08", "BK10"}),
            (backup("files", offsite=OFFSITE), {"BK04", "BK06", "BK07", "BK08", "BK09"}),
            (backup(at={"folder": "db", "bucket": "b", "endpoint": "https://s3.example", "key": "k", "secret": "s"}),
             {"BK08", "BK10"}),
        ],
    )  # fmt: skip
    def test_what_cannot_be_is_not_due(self, one: Backup, missing: set[str]) -> None:
        assert {check.id for check in backup_checks()} - {check.id for check in planned(one)} == missing

    def test_an_obstacle_is_one_unknown_for_each_item(self) -> None:
        seen = visit(of=[], obstacle="连不上", reason=Reason.UNREACHABLE)
        found = judge(seen, backup(), (), NOW)
        assert {(one.state, one.reason, one.summary) for one in found} == {
            (State.UNKNOWN, Reason.UNREACHABLE, "连不上")
        }
        assert [one.check for one in found] == [check.id for check in planned(backup())]
        assert found == not_looked(backup(), Reason.UNREACHABLE, "连不上")

    def test_a_bug_in_one_item_costs_the_others_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(size, "state_of", lambda *_: 1 / 0)
        found = {one.check: one for one in judge(visit(), backup(), (), NOW)}
        assert (found["BK03"].state, found["BK03"].reason) == (State.UNKNOWN, Reason.BUG)
        assert {one.state for check, one in found.items() if check != "BK03"} == {State.OK}

    def test_without_a_copy_one_fault_is_told_once(self) -> None:
        found = judge(visit(of=[]), backup(), (), NOW)
        assert [(one.check, one.state) for one in found if one.state is not State.UNKNOWN] == [("BK01", State.CRIT)]
        assert {one.reason for one in found[1:]} == {Reason.BLOCKED}
        assert "本机:/var/backups 里没有 app-*.sql.gz" in found[0].summary
        assert "里没有快照" in verdict("BK01", visit(of=[]), backup("borg")).summary


class TestOnTime:
    @pytest.mark.parametrize(
        ("age", "state"),
        [(timedelta(hours=26), State.OK), (timedelta(hours=26, seconds=1), State.CRIT), (timedelta(), State.OK)],
    )
    def test_exactly_on_the_limit_is_in_time(self, age: timedelta, state: State) -> None:
        times = [NOW - age - timedelta(days=n) for n in range(4)]
        assert verdict("BK02", visit(of=copies(times=times))).state is state

    def test_the_age_stands_beside_the_limit(self) -> None:
        found = verdict("BK02", visit(of=copies(times=[NOW - timedelta(hours=50)])))
        assert "已过 50 小时，期望 26 小时以内" in found.summary

    @pytest.mark.parametrize(("hours_apart", "state"), [(26, State.OK), (26.1, State.WARN)])
    def test_a_night_that_was_left_out_is_a_warning(self, hours_apart: float, state: State) -> None:
        times = [NIGHTS[0], NIGHTS[1], NIGHTS[1] - timedelta(hours=hours_apart)]
        assert verdict("BK02", visit(of=copies(times=times))).state is state

    def test_gaps_of_long_ago_are_how_old_copies_are_kept(self) -> None:
        times = [*(NOW - timedelta(hours=4, days=n) for n in range(8)), *(NOW - timedelta(days=7 * n) for n in (2, 3))]
        assert verdict("BK02", visit(of=copies((9,) * 10, times))).state is State.OK
        weekly = backup(every_hours=168, rpo_hours=170)
        times = [NOW - timedelta(days=1), NOW - timedelta(days=15)]
        assert verdict("BK02", visit(of=copies(times=times)), weekly).state is State.WARN

    def test_a_copy_of_the_future_is_not_fresh(self) -> None:
        ahead = NOW + timedelta(hours=1)
        found = verdict("BK02", visit(of=copies(times=[ahead, *NIGHTS])))
        assert (found.state, "将来" in found.summary) == (State.WARN, True)
        alone = verdict("BK02", visit(of=copies(times=[ahead])))
        stale = verdict("BK02", visit(of=copies(times=[ahead, NOW - timedelta(days=3)])))
        assert {one.state for one in (alone, stale)} == {State.UNKNOWN}
        a_little = verdict("BK02", visit(of=copies(times=[NOW + timedelta(minutes=5), *NIGHTS])))
        assert a_little.state is State.OK

    def test_a_mirror_may_just_have_had_nothing_to_do(self) -> None:
        found = verdict("BK02", visit(of=copies(times=[NOW - timedelta(days=3)])), backup("files"))
        assert (found.state, "没有改动" in found.summary) == (State.WARN, True)


def sized(*sizes: int) -> Finding:
    """The verdict on the last of these sizes."""
    return verdict("BK03", visit(of=copies(sizes[::-1])))


LIMITS = SizeLimits()
SIZES = st.integers(1, 10**15)


class TestSize:
    @pytest.mark.parametrize(
        ("sizes", "state"),
        [
            ((1000, 1010, 990, 1005, 1000), State.OK),
            ((1000, 1010, 990, 1005, 1300), State.OK),  # within the tolerance, exactly
            ((1000, 1010, 990, 1005, 1350), State.WARN),
            ((1000, 1010, 990, 1005, 690), State.WARN),
            ((1000, 1000, 1000, 1000, 551), State.WARN),
            ((1000, 1000, 1000, 1000, 550), State.CRIT),  # exactly on the limit is shrunk
            ((1000, 2000, 1000, 2000, 1800), State.OK),  # varies as it ever did
            ((1000, 1000, 1000, 1000, 0), State.CRIT),
            ((0,), State.CRIT),
            ((1000, 500), State.CRIT),
            ((1000, 5000), State.OK),  # too few to tell
            ((1000, 1000, 400, 1000), State.OK),  # the one before was wrong, not this one
            ((0, 0, 0, 1000), State.OK),  # empty ones are no measure
        ],
    )
    def test_beside_the_earlier_ones(self, sizes: tuple[int, ...], state: State) -> None:
        assert sized(*sizes).state is state, sized(*sizes).summary

    def test_too_few_earlier_ones_are_said(self) -> None:
        assert "还没有更早的可比" in sized(1000).summary
        assert "更早的只有 2 份" in sized(1000, 1000, 1000).summary
        assert "只有" not in sized(1000, 1000, 1000, 1000).summary

    def test_the_actual_stands_beside_the_expected(self) -> None:
        found = sized(1000, 1000, 1000, 1000, 480)
        assert "480 字节，前 4 份中位数 1,000 字节，为往常的 48%，期望大于 55%" in found.summary

    def test_a_jump_is_said_once(self) -> None:
        assert sized(1000, 1000, 1000, 1000, 3000).state is State.WARN
        assert sized(1000, 1000, 1000, 1000, 3000, 3010).state is State.OK

    def test_earlier_looks_remember_what_was_deleted(self) -> None:
        past = [visit(of=copies(times=[at])) for at in reversed(NIGHTS[1:])]
        found = verdict("BK03", visit(of=copies((400,))), past=past)
        assert (found.state, "前 5 份" in found.summary) == (State.CRIT, True)

    def test_no_copy_counts_twice(self) -> None:
        # Given: a rotation that renames
        renamed = tuple(one.model_copy(update={"name": f"{one.name}.1"}) for one in copies()[1:4])
        seen = visit(of=[copies()[0], *renamed])
        # Then
        assert len(known_copies(seen, backup(), [visit(of=copies()[1:]), visit()])) == 6

    def test_a_copy_that_was_still_being_written_does_not_count(self) -> None:
        last = [one.model_copy(update={"name": "app.sql.gz"}) for one in copies()]
        writing = Copy(name="app.sql.gz", size=10, at=NIGHTS[0] - timedelta(minutes=3))
        past = [visit(of=[last[1]]), visit(of=[writing])]
        assert known_copies(visit(of=last[:1]), backup(), past) == last[:2]

    def test_what_was_taken_back_does_not_count(self) -> None:
        """Given a copy that was of no use and is gone, when older ones are still there."""
        bad = Copy(name="bad", size=1, at=NIGHTS[1] + timedelta(hours=1))
        before = visit(of=[bad, *copies()[1:]], contents=SOUND.model_copy(update={"sha256": "b" * 64}))
        assert known_copies(visit(), backup(), [before]) == list(copies())
        assert read_before(visit(), backup(), [before]) == {}

    def test_a_file_that_is_written_over_each_night_is_another_each_night(self) -> None:
        nights = [one.model_copy(update={"name": "app.sql.gz"}) for one in copies()]
        past = [visit(of=[one]) for one in nights[:0:-1]]
        assert len(known_copies(visit(of=nights[:1]), backup(), past)) == 6

    @given(st.lists(SIZES, max_size=20), SIZES, st.integers(0, 10))
    def test_it_is_the_same_in_other_units(self, earlier: list[int], newest: int, power: int) -> None:
        scaled = state_of(newest << power, [one << power for one in earlier], LIMITS)
        assert state_of(newest, earlier, LIMITS) is scaled

    @given(st.permutations(range(6)), st.lists(SIZES, min_size=6, max_size=6))
    def test_in_which_order_a_look_lists_them_does_not_matter(self, order: list[int], sizes: list[int]) -> None:
        listed = copies(sizes)
        earlier = visit(of=[listed[number] for number in order])
        assert known_copies(visit(of=listed[:1]), backup(), [earlier]) == list(listed)

    @given(st.integers(0, 10**12), st.integers(1, 10**9), st.integers(3, size.LAST))
    def test_steady_growth_never_alarms(self, start: int, step: int, number: int) -> None:
        sizes = [start + step * n for n in range(1, number + 2)]
        assert state_of(sizes[-1], sizes[:-1], LIMITS) is State.OK

    @given(st.integers(1000, 10**9), st.lists(st.integers(1000, 1299), min_size=3, max_size=size.LAST))
    def test_nor_does_any_growth_by_less_than_the_tolerance(self, start: int, factors: list[int]) -> None:
        sizes = [start]
        for factor in factors:
            sizes.append(sizes[-1] * factor // 1000)
        assume(all(one <= other for one, other in pairwise(sizes)))
        assert state_of(sizes[-1], sizes[:-1], LIMITS) is State.OK

    @given(SIZES, st.integers(0, 20), st.lists(st.integers(-10, 10), min_size=1, max_size=size.LAST))
    def test_half_always_alarms(self, base: int, growth: int, noise: list[int]) -> None:
        """Half of the last one, where they grow by up to 2 % a time and vary by up to 1 %."""
        sizes = [(base + 1000) * (1000 + growth * n + one) for n, one in enumerate(noise)]
        assert state_of(sizes[-1] // 2, sizes, LIMITS) is State.CRIT

    @given(st.lists(SIZES, max_size=20))
    def test_nothing_always_alarms(self, earlier: list[int]) -> None:
        assert state_of(0, earlier, LIMITS) is State.CRIT

    @given(st.lists(SIZES, min_size=1, max_size=20), st.integers(-30, 30))
    def test_what_is_near_the_median_never_alarms(self, earlier: list[int], percent: int) -> None:
        by = size.expected(earlier)
        newest = int(by.median * (100 + percent) / 100)
        assume(newest > 0 and newest * 100 > LIMITS.shrunk * by.usual)
        assume(abs(newest - by.median) * 100 <= 30 * by.median)
        assert state_of(newest, earlier, LIMITS) is State.OK


class TestContents:
    def test_the_same_bytes_once_more(self) -> None:
        found = verdict("BK04", visit(same_as="app-1122.sql.gz"))
        assert (found.state, "app-1122.sql.gz" in found.summary) == (State.WARN, True)

    def test_by_what_earlier_looks_have_read(self) -> None:
        # Given: last night's copy, looked at last night, and the same bytes under another name tonight
        yesterday = visit(of=copies()[1:])
        again = visit(contents=SOUND)
        other = visit(contents=SOUND.model_copy(update={"sha256": "b" * 64}))
        # Then
        assert same_bytes(again, backup(), [yesterday]) == copies()[1]
        assert same_bytes(other, backup(), [yesterday]) is None
        assert same_bytes(again, backup(), [visit()]) is None  # the copy itself, looked at this morning
        ends = visit(of=copies()[1:], contents=SOUND.model_copy(update={"whole": False}))
        assert same_bytes(again, backup(), [ends]) is None

    def test_what_nobody_has_read_and_is_as_long_is_to_be_read(self) -> None:
        assert alike(visit(), backup(), []) == copies()[1]
        assert alike(visit(), backup(), [visit(of=copies()[1:])]) == copies()[2]
        assert alike(visit(of=copies((1, 2, 3))), backup(), []) is None

    def test_what_could_not_be_compared_is_unknown(self) -> None:
        found = verdict("BK04", visit(uncompared="没有权限", uncompared_reason=Reason.PERMISSION))
        assert (found.state, found.reason) == (State.UNKNOWN, Reason.PERMISSION)

    @pytest.mark.parametrize("item", ["BK04", "BK05", "BK06", "BK07"])
    def test_what_could_not_be_read_is_unknown(self, item: str) -> None:
        found = verdict(item, visit(contents=None, unread="不许读", unread_reason=Reason.PERMISSION))
        assert (found.state, found.reason) == (State.UNKNOWN, Reason.PERMISSION)

    def test_damage_is_critical(self) -> None:
        broken = SOUND.model_copy(update={"trouble": "gzip 在 512 字节处断了", "whole": False})
        found = verdict("BK05", visit(contents=broken))
        assert (found.state, found.summary) == (State.CRIT, "app-1123.sql.gz 读不到末尾：gzip 在 512 字节处断了")

    def test_a_repository_that_is_broken(self) -> None:
        """Given one of which not even the snapshots can be listed, then that is told once, as what it is."""
        broken = Contents(sha256="", size=0, whole=False, form="restic", trouble="缺少数据段")
        seen = visit(of=[]).model_copy(update={"contents": broken})
        found = judge(seen, backup("restic"), (), NOW)
        assert [(one.check, one.state) for one in found if one.reason is not Reason.BLOCKED] == [("BK05", State.CRIT)]
        assert found[3].summary == "仓库自检没有通过：缺少数据段"

    def test_only_the_ends_or_a_sample_is_said(self) -> None:
        part = visit(contents=SOUND.model_copy(update={"whole": False}))
        assert "中间没有读" in verdict("BK05", part, backup(ends_only=True)).summary
        assert "抽读了 5%" in verdict("BK05", part, backup("borg")).summary
        assert verdict("BK05", part, backup()).reason is Reason.INCOMPLETE

    def test_its_kind(self) -> None:
        strange = SOUND.model_copy(update={"of_kind": False, "trouble": "不是 mysqldump 的输出：是网页"})
        found = verdict("BK06", visit(contents=strange))
        assert (found.state, found.summary) == (
            State.CRIT, "app-1123.sql.gz 不是 mysqldump 的输出：是网页，期望 mysqldump",
        )  # fmt: skip
        assert verdict("BK05", visit(contents=strange)).reason is Reason.BLOCKED

    def test_too_broken_to_tell_its_kind(self) -> None:
        broken = SOUND.model_copy(update={"of_kind": None, "trouble": "已损坏", "form": "gzip unknown"})
        assert verdict("BK06", visit(contents=broken)).reason is Reason.BLOCKED
        assert verdict("BK05", visit(contents=broken)).state is State.CRIT

    def test_its_database(self) -> None:
        wanted = backup(database="app")
        other = visit(contents=SOUND.model_copy(update={"databases": ("test",)}))
        silent = visit(contents=SOUND.model_copy(update={"databases": ()}))
        assert verdict("BK06", other, wanted).summary == "app-1123.sql.gz 里的数据库是 test，期望 app"
        assert verdict("BK06", other, wanted).state is State.CRIT
        assert verdict("BK06", silent, wanted).state is State.WARN
        assert verdict("BK06", silent).state is State.OK

    def test_a_dump_without_a_table_is_no_backup(self) -> None:
        empty = SOUND.model_copy(update={"tables": 0})
        assert verdict("BK06", visit(contents=empty)).state is State.CRIT
        cut = empty.model_copy(update={"trouble": "断了"})
        assert verdict("BK06", visit(contents=cut)).state is State.OK  # BK05 speaks of that

    @pytest.mark.parametrize(
        ("more", "wanted", "state"),
        [
            ({"checksum": "sha256", "checksum_fits": True}, True, State.OK),
            ({"checksum": "sm3", "checksum_fits": False}, False, State.CRIT),
            ({}, False, State.OK),
            ({}, True, State.WARN),
            ({"checksum": "sha256"}, False, State.WARN),  # it says nothing
            ({"checksum": "sha256", "whole": False}, False, State.OK),
            ({"checksum": "sha256", "whole": False}, True, State.WARN),
        ],
    )
    def test_its_checksum(self, more: dict[str, Any], wanted: bool, state: State) -> None:
        seen = visit(contents=SOUND.model_copy(update=more))
        assert verdict("BK07", seen, backup(checksum=wanted)).state is state


class TestKeeping:
    @pytest.mark.parametrize(
        ("mode", "permitted", "state"),
        [
            (0o640, "640", State.OK), (0o600, "640", State.OK), (0o660, "640", State.WARN), (0o641, "640", State.WARN),
            (0o644, "640", State.CRIT), (0o642, "640", State.CRIT), (0o644, "644", State.OK),
        ],
    )  # fmt: skip
    def test_modes(self, mode: int, permitted: str, state: State) -> None:
        seen = visit(of=copies(mode=mode))
        assert verdict("BK08", seen, backup(mode=permitted)).state is state

    @pytest.mark.parametrize(("mode", "word"), [(0o644, "都能读，"), (0o642, "都能写，"), (0o666, "都能读写，")])
    def test_what_everybody_may_is_said(self, mode: int, word: str) -> None:
        assert word in verdict("BK08", visit(of=copies(mode=mode))).summary

    def test_an_old_copy_that_all_can_read_counts(self) -> None:
        *rest, last = copies()
        found = verdict("BK08", visit(of=[*rest, last.model_copy(update={"mode": 0o644})]))
        assert (found.state, last.name in found.summary) == (State.CRIT, True)

    def test_a_place_without_modes(self) -> None:
        assert verdict("BK08", visit(of=copies(mode=None))).reason is Reason.UNSUPPORTED

    @pytest.mark.parametrize(("number", "state"), [(1, State.WARN), (2, State.OK)])
    def test_how_many_are_kept(self, number: int, state: State) -> None:
        found = verdict("BK09", visit(of=copies()[:number]))
        assert (found.state, found.summary) == (state, f"保留 {number} 份，期望至少 2 份")

    @pytest.mark.parametrize(
        ("age", "state"),
        [
            (timedelta(hours=50), State.OK), (timedelta(hours=50, seconds=1), State.CRIT),
            (-timedelta(hours=1), State.UNKNOWN),
        ],
    )  # fmt: skip
    def test_the_copy_elsewhere(self, age: timedelta, state: State) -> None:
        there = Copy(name="x", size=1, at=NOW - age)
        assert verdict("BK10", visit(offsite=there), backup(offsite=OFFSITE)).state is state

    def test_it_is_as_long_as_the_one_here(self) -> None:
        there = copies()[1].model_copy(update={"size": 999})
        found = verdict("BK10", visit(offsite=there), backup(offsite=OFFSITE))
        assert (found.state, "999 字节，本地的 1,000 字节" in found.summary) == (State.CRIT, True)

    def test_none_at_all_is_critical_and_not_seen_is_unknown(self) -> None:
        one = backup(offsite=OFFSITE)
        assert verdict("BK10", visit(), one).state is State.CRIT
        unseen = visit(offsite_unseen="连不上", offsite_reason=Reason.UNREACHABLE)
        assert verdict("BK10", unseen, one).reason is Reason.UNREACHABLE
        assert verdict("BK10", visit(of=[], offsite=copies()[0]), one).state is State.OK


def test_words() -> None:
    assert [hours(timedelta(hours=one)) for one in (26, 1.5, 80)] == ["26 小时", "1.5 小时", "3.3 天"]
    assert [bytes_of(one) for one in (0, 1024, 20480, 5 * 2**40)] == ["0 字节", "1,024 字节", "20.0 KiB", "5.0 TiB"]
