"""The 周巡检报告 as data: the same records give the same report, and what was not looked at is never fine."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from checks.contract import Contract
from checks.finding import Finding, Reason, State
from checks.host_lines import Blank, HostReport, MendedLine, UnseenLine
from checks.host_report import host_report
from checks.log_facts import WEEK, Logs, Template
from checks.number import Number
from checks.records import FindingRecord, RunRecord
from checks.slots import week_of
from checks.visit import HostVisit

MONDAY = date(2026, 11, 16)
MORNING = datetime(2026, 11, 15, 23, 30, tzinfo=UTC)  # 07:30 in Shanghai
GIB = 2**20  # in KiB

OA = ("oa-web-01", "oa-app-01", "oa-app-02", "oa-db-01", "oa-db-02", "oa-cache-01")
MOBILE = ("mobile-gw-01", "mobile-app-01", "mobile-cache-01", "mobile-db-01")
ARCHIVE = ("archive-app-01", "archive-db-01")
HOSTS = (*OA, *MOBILE, *ARCHIVE)

Verdicts = dict[str, tuple[State, str] | tuple[State, str, Reason]]
FULL: Verdicts = {"OS08": (State.CRIT, "/ 已用 95%，期望小于 80%")}
BUSY: Verdicts = {"OS06": (State.WARN, "已用 85%，期望小于 80%")}
DENIED: Verdicts = {"OS19": (State.UNKNOWN, "需要 root 权限", Reason.PERMISSION)}


def contract(hosts: dict[str, dict[str, Any]] | None = None, **more: Any) -> Contract:
    """Twelve hosts; `hosts`: what some of them say besides their name."""
    journeys = [{"id": "a", "title": "a", "steps": [{"expect": {"text": "x"}}]}]
    names = {"oa": OA, "mobile": MOBILE, "archive": ARCHIVE} | more
    systems = [{"id": one, "name": f"系统 {one}", "url": "https://x/", "journeys": journeys} for one in names]
    groups = [
        {"system": system, "hosts": [{"name": name, "role": "用途"} | (hosts or {}).get(name, {}) for name in its]}
        for system, its in names.items()
    ]
    head = {"name": "合同", "client": {"name": "甲"}, "contractor": {"name": "乙"}, "systems": systems, "hosts": groups}
    return Contract.model_validate({**head, "term": {"start": "2026-03-01", "end": "2027-02-28"}})


TWELVE = contract({"oa-db-01": {"services": {"mysql": {}}}})


def run(
    host: str, but: Verdicts | None = None, weeks_ago: int = 0, number: int = 1, only: Iterable[str] = (),
    ended: bool = True, of: Contract = TWELVE, disks: Iterable[tuple[str, float]] = (),
) -> RunRecord:  # fmt: skip
    """A run in which all was well `but`; `only` these items; `disks`: mount points and how many of 100 GiB are used."""
    started = MORNING - timedelta(weeks=weeks_ago) + timedelta(days=number - 1)
    items = list(only) or [planned.check.id for planned in of.host(host).planned]
    findings = []
    for item in items if ended else items[:3]:
        state, summary, *reason = (but or {}).get(item, (State.OK, "期望如此"))
        found = Finding(check=item, state=state, summary=summary, reason=reason[0] if reason else None)
        findings.append(FindingRecord(target=host, attempt=1, at=started + timedelta(seconds=2), finding=found))
    seen = [{"mount": mount, "size": 100 * GIB, "used": used * GIB, "available": (100 - used) * GIB}
            for mount, used in disks]  # fmt: skip
    return RunRecord(
        id=f"{host}-{weeks_ago}-{number}", slot=f"host-inspection/{host}/{week_of(started.date() + timedelta(days=1))}",
        flow_run_id="f", trigger="schedule", who="w", why="y", started_at=started,
        ended_at=started + timedelta(seconds=4) if ended else None, outcome="OK" if ended else "",
        code_version=f"v{number}", contract_hash="c", findings=tuple(findings),
        host_visits=(HostVisit(target=host, attempt=1, started_at=started, seconds=1,
                               facts={"OS08": {"filesystems": seen}}),) if seen else (),
    )  # fmt: skip


def unreachable(host: str, weeks_ago: int = 0) -> RunRecord:
    lost = (State.UNKNOWN, "连接不上", Reason.UNREACHABLE)
    return run(host, {planned.check.id: lost for planned in TWELVE.host(host).planned}, weeks_ago)


def report(*runs: RunRecord, earlier: Iterable[RunRecord] = (), of: Contract = TWELVE) -> HostReport:
    everything = (*earlier, *runs)
    return host_report(of, MONDAY, lambda host: [run for run in everything if run.slot.split("/")[1] == host])


def cell(made: HostReport, host: str, item: str) -> State | Blank:
    [found] = [
        line.cells[matrix.hosts.index(host)]
        for matrix in made.matrices
        if host in matrix.hosts
        for line in matrix.lines
        if line.item.startswith(item)
    ]
    return found


def test_nothing_was_done() -> None:
    # When
    made = report()
    # Then: what was expected and not done is shown as such
    assert (made.due, made.missed, made.done) == (12, 12, 0)
    assert made.due.rows == tuple(f"slot host-inspection/{host}/2026-W47" for host in HOSTS)
    assert [line.host for line in made.hosts] == list(HOSTS)
    assert all(line.state is None and line.not_done == line.items > 0 for line in made.hosts)
    assert {cell(made, host, "OS08") for host in HOSTS} == {Blank.NOT_DONE}
    assert {(line.items[:2], line.reason) for line in made.unseen} == {("全部", "未执行")}
    assert len(made.unseen) == 12
    assert made.anomalies == made.leftovers == made.mended == made.capacity == ()


def test_all_is_well() -> None:
    # When
    made = report(*map(run, HOSTS))
    # Then
    assert all(line.state is State.OK and line.ok == line.items for line in made.hosts)
    assert str(made.hosts[0].started_at) == "2026-11-16 07:30:00+08:00"
    assert made.hosts[0].run_ids == ("oa-web-01-0-1",)
    assert made.anomalies == made.unseen == made.leftovers == ()
    assert {cell(made, host, "OS08") for host in HOSTS} == {State.OK}


def test_all_states_in_one_week() -> None:
    # When
    runs = [run("oa-web-01", BUSY), run("oa-app-01", FULL), run("oa-app-02", DENIED), unreachable("oa-db-02")]
    made = report(*runs)
    # Then
    states = {line.host: line.state for line in made.hosts}
    assert [states[host] for host in OA] == [State.WARN, State.CRIT, State.UNKNOWN, None, State.UNKNOWN, None]
    assert (made.due, made.done, made.dark, made.missed) == (12, 3, 1, 8)
    assert made.anomalies[0].rows == ("slot host-inspection/oa-app-01/2026-W47 OS08",)
    assert [line.unreached for line in made.hosts[:6]] == [False, False, False, False, True, False]
    assert [(line.host, line.item, line.state) for line in made.anomalies] == [
        ("oa-app-01", "OS08 磁盘", State.CRIT),  # the worst first
        ("oa-web-01", "OS06 内存", State.WARN),
    ]
    assert made.anomalies[0].found_at.isoformat() == "2026-11-16T07:30:02+08:00"
    assert made.anomalies[0].reported_at is None
    assert cell(made, "oa-app-02", "OS19") is State.UNKNOWN


def test_what_could_not_be_read_is_told_once_for_each_reason() -> None:
    # When
    made = report(run("oa-web-01", DENIED), unreachable("oa-db-02"))
    # Then
    said = {line.host: line for line in made.unseen}
    assert said["oa-web-01"] == UnseenLine(
        system="系统 oa", host="oa-web-01", names="OS19 登录失败", reason="权限不足", summary="需要 root 权限",
        rows=("slot host-inspection/oa-web-01/2026-W47 OS19",),
    )  # fmt: skip
    assert said["oa-db-02"].items == f"全部 {made.hosts[4].items} 项"
    assert said["oa-db-02"].reason == "无法到达"
    assert said["oa-app-01"].summary == "本周没有巡检这台主机"


def test_a_run_that_was_cut_off_shows_what_it_saw_and_what_it_did_not() -> None:
    # When
    made = report(run("oa-web-01", ended=False))
    # Then
    line = made.hosts[0]
    assert (line.state, line.ok, line.ended_at) == (State.UNKNOWN, 3, None)
    assert line.not_done == line.items - 3
    assert (cell(made, "oa-web-01", "OS01"), cell(made, "oa-web-01", "OS08")) == (State.OK, Blank.NOT_DONE)
    assert made.unseen[0].items.endswith(f"（{line.not_done} 项）")
    assert made.unseen[0].summary.startswith("巡检中断")


class TestSeveralRuns:
    def test_the_later_replaces_what_it_looked_at_and_what_is_mended_is_told(self) -> None:
        # Given: two faults on Monday, one of them looked at again on Tuesday
        first = run("oa-web-01", FULL | BUSY)
        second = run("oa-web-01", only=["OS06"], number=2)
        # When
        made = report(first, second)
        # Then
        assert [line.item for line in made.anomalies] == ["OS08 磁盘"]
        assert made.mended == (
            MendedLine(
                system="系统 oa", host="oa-web-01", item="OS06 内存", state=State.WARN, summary=BUSY["OS06"][1],
                mended_at=MORNING + timedelta(days=1, seconds=2),
                rows=("slot host-inspection/oa-web-01/2026-W47 OS06",) * 2,
            ),
        )  # fmt: skip
        assert made.hosts[0].run_ids == (first.id, second.id)
        assert (made.hosts[0].started_at, made.hosts[0].ended_at) == (first.started_at, second.ended_at)

    def test_what_is_still_there_was_found_the_first_time(self) -> None:
        made = report(run("oa-web-01", FULL), run("oa-web-01", FULL, number=2))
        assert made.anomalies[0].found_at == MORNING + timedelta(seconds=2)

    def test_what_comes_back_was_found_the_second_time(self) -> None:
        made = report(run("oa-web-01", FULL), run("oa-web-01", number=2), run("oa-web-01", FULL, number=3))
        assert made.anomalies[0].found_at == MORNING + timedelta(days=2, seconds=2)
        assert made.mended == ()

    def test_one_that_is_cut_off_does_not_undo_the_one_before(self) -> None:
        made = report(run("oa-web-01"), run("oa-web-01", ended=False, number=2))
        assert made.hosts[0].state is State.OK
        assert made.hosts[0].ended_at is not None


class TestLeftovers:
    def since(self, now: RunRecord | None, *earlier: RunRecord) -> list[tuple[str, str, Number]]:
        made = report(*([now] if now else []), earlier=earlier)
        return [(line.state.label, line.since, line.weeks) for line in made.leftovers]

    def test_of_this_week_alone_is_none(self) -> None:
        assert self.since(run("oa-web-01", FULL)) == []
        assert self.since(run("oa-web-01", FULL), run("oa-web-01", weeks_ago=1)) == []

    def test_is_followed_back_to_its_first_week(self) -> None:
        earlier = [run("oa-web-01", FULL, weeks_ago=ago) for ago in (3, 2, 1)]
        assert self.since(run("oa-web-01", FULL), *earlier) == [("严重", "2026-W44", 4)]

    def test_a_good_week_between_begins_it_anew(self) -> None:
        earlier = [run("oa-web-01", FULL, 3), run("oa-web-01", weeks_ago=2), run("oa-web-01", FULL, 1)]
        assert self.since(run("oa-web-01", FULL), *earlier) == [("严重", "2026-W46", 2)]

    def test_a_week_in_which_it_was_not_seen_does_not_end_it(self) -> None:
        earlier = [run("oa-web-01", FULL, 3), unreachable("oa-web-01", 2)]
        assert ("严重", "2026-W44", 4) in self.since(run("oa-web-01", FULL), *earlier)

    @pytest.mark.parametrize("now", [None, unreachable("oa-web-01")])
    def test_what_cannot_be_seen_now_is_not_mended(self, now: RunRecord | None) -> None:
        state = "未取得" if now else "未执行"
        assert self.since(now, run("oa-web-01", FULL, 1)) == [(state, "2026-W46", 2)]

    def test_a_fault_that_could_not_be_seen_before_is_new(self) -> None:
        assert self.since(run("oa-web-01", FULL), unreachable("oa-web-01", 1)) == []

    def test_what_cannot_be_read_week_after_week_is_one_line(self) -> None:
        assert self.since(unreachable("oa-web-01"), unreachable("oa-web-01", 1)) == [("未取得", "2026-W46", 2)]

    def test_what_is_well_again_is_mended(self) -> None:
        made = report(run("oa-web-01"), earlier=[run("oa-web-01", FULL, 2), unreachable("oa-web-01", 1)])
        assert made.leftovers == ()
        assert [(line.item, line.summary) for line in made.mended] == [("OS08 磁盘", FULL["OS08"][1])]

    def test_what_has_been_well_since_is_news_no_more(self) -> None:
        earlier = [run("oa-web-01", FULL, 2), run("oa-web-01", weeks_ago=1)]
        assert report(run("oa-web-01"), earlier=earlier).mended == ()

    def test_other_hosts_and_items_do_not_count(self) -> None:
        earlier = [run("oa-app-01", FULL, 1), run("oa-web-01", BUSY, 1)]
        assert report(run("oa-web-01", FULL), run("oa-app-01"), earlier=earlier).leftovers == ()

    def test_last_week_s_state_stands_beside(self) -> None:
        made = report(run("oa-web-01", FULL), run("oa-app-01", FULL), earlier=[run("oa-web-01", weeks_ago=1)])
        assert [line.before for line in made.anomalies] == [State.OK, None]


class TestMatrix:
    def test_services_are_one_row_and_a_table_of_their_own(self) -> None:
        made = report(run("oa-db-01", {"MY3": (State.CRIT, "复制中断")}))
        assert cell(made, "oa-db-01", "数据库") is State.CRIT
        assert cell(made, "oa-web-01", "数据库") is Blank.NOT_DUE
        assert not any(line.item.startswith("MY") for line in made.matrices[0].lines)
        assert ("oa-db-01", "MY3 MySQL 复制", State.CRIT, "复制中断") in [
            (line.host, line.item, line.state, line.summary) for line in made.services
        ]
        assert {line.host for line in made.services} == {"oa-db-01"}

    def test_every_item_has_a_row_also_one_that_the_contract_gives_nothing_to_look_at(self) -> None:
        made = report(run("oa-web-01"))
        assert cell(made, "oa-web-01", "OS25") is Blank.NOT_DUE

    def test_no_table_has_more_than_six_hosts_and_all_have_about_as_many(self) -> None:
        many = contract(farm=[f"farm-{number:02}" for number in range(13)])
        made = report(of=many)
        assert [len(matrix.hosts) for matrix in made.matrices] == [6, 4, 2, 5, 5, 3]

    def test_an_item_that_this_version_does_not_know_is_shown_all_the_same(self) -> None:
        made = report(run("oa-web-01", {"XX9": (State.CRIT, "坏了")}, only=["OS01", "XX9"]))
        assert cell(made, "oa-web-01", "XX9") is State.CRIT
        assert made.anomalies[0].item == "XX9"


class TestContract:
    def test_what_does_not_apply_has_its_reason(self) -> None:
        exempt = {
            "checks": {"OS02": {"not_applicable": "由平台对时"}},
            "services": {"mysql": {"not_applicable": "甲方"}},
        }
        of = contract({"oa-web-01": exempt, "oa-app-01": {"checks": {"OS02": {"not_applicable": "由平台对时"}}}})
        made = report(run("oa-web-01", of=of), of=of)
        assert cell(made, "oa-web-01", "OS02") is cell(made, "oa-web-01", "数据库") is Blank.NOT_APPLICABLE
        assert made.hosts[0].state is State.OK
        said = made.exempt[0]
        assert (said.item, said.hosts, said.why) == ("OS02 时间同步", "oa-web-01、oa-app-01", "由平台对时")
        assert [line.summary for line in made.services] == ["甲方"] * 4

    def test_a_fault_on_record_is_not_hidden_by_declaring_that_it_does_not_apply(self) -> None:
        of = contract({"oa-web-01": {"checks": {"OS08": {"not_applicable": "不看"}}}})
        made = report(run("oa-web-01", FULL), of=of)
        assert cell(made, "oa-web-01", "OS08") is State.CRIT
        assert [line.item for line in made.anomalies] == ["OS08 磁盘"]

    def test_thresholds_that_differ_from_the_default_are_shown(self) -> None:
        tight = {"checks": {"OS06": {"warn": 70}, "OS08": {"mounts": {"/data": {"warn": 60, "crit": 70}}}}}
        busy = {"services": {"mysql": {"connections": {"warn": 50, "crit": 90}}}}
        made = report(of=contract({"oa-web-01": tight, "oa-app-01": tight, "oa-db-01": busy}))
        shown = [(one.item, one.field, str(one.value), str(one.default or "—"), one.hosts) for one in made.thresholds]
        both = "oa-web-01、oa-app-01"
        assert shown == [
            ("OS06 内存", "告警（%）", "70", "80", both),
            ("OS08 磁盘", "个别挂载点的阈值 /data 告警（%）", "60", "—", both),
            ("OS08 磁盘", "个别挂载点的阈值 /data 严重（%）", "70", "—", both),
            ("mysql", "连接数占上限（%）告警", "50", "80", "oa-db-01"),  # once, not once for each item
        ]
        usual = {line.item: line.thresholds for line in made.standards}
        assert usual["OS06 内存"] == "告警（%） 80，严重（%） 90"
        assert "postgresql" not in usual

    def test_the_week_goes_as_far_as_the_term(self) -> None:
        assert host_report(TWELVE, date(2027, 2, 28), lambda _: []).due == 12
        assert host_report(TWELVE, date(2026, 2, 23), lambda _: []).due == 12  # its Sunday is the first day

    def test_outside_of_the_term_nothing_is_expected(self) -> None:
        made = host_report(TWELVE, date(2027, 3, 3), lambda _: [])
        assert (made.hosts, made.matrices, made.due) == ((), (), 0)


class TestCapacity:
    def weeks(self, *used: int, mount: str = "/data") -> tuple[RunRecord, list[RunRecord]]:
        """This week's run and those before, with how much was used."""
        runs = [run("oa-db-01", weeks_ago=ago, disks=[("/", 10), (mount, one)]) for ago, one in enumerate(used[::-1])]
        return runs[0], runs[:0:-1]

    def test_what_fills_up_has_a_forecast(self) -> None:
        now, earlier = self.weeks(20, 30, 40, 50, 60)
        made = report(now, earlier=earlier)
        [line] = made.capacity
        assert (line.host, line.what, line.percent, line.state) == ("oa-db-01", "/data", 60, State.OK)
        assert line.full is not None
        assert line.full.value == pytest.approx(28)
        assert str(line.full).startswith("约 28 天后写满")
        assert line.full.rows == tuple(f"slot host-inspection/oa-db-01/2026-W{n} OS08 /data" for n in range(43, 48))
        assert made.volumes == 2

    def test_too_little_history_is_no_forecast_but_what_is_over_its_threshold_is_shown(self) -> None:
        now, earlier = self.weeks(80, 93)
        [line] = report(now, earlier=earlier).capacity
        assert (line.state, line.full) == (State.CRIT, None)

    def test_what_is_printed_is_below_the_threshold_where_it_is(self) -> None:
        disks = [("/", 10), ("/data", 79.75)]
        of = contract({"oa-db-01": {"checks": {"OS08": {"mounts": {"/data": {"warn": 79.5, "crit": 99}}}}}})
        [line] = report(run("oa-db-01", disks=disks), of=of).capacity
        assert line.percent.shown == "79%"

    def test_a_mount_point_that_is_not_to_be_looked_at_is_not_counted(self) -> None:
        """Its inspection says nothing of it either."""
        of = contract({"oa-db-01": {"checks": {"OS08": {"mounts": {"/data": {"not_applicable": "只读的快照"}}}}}})
        made = report(self.weeks(95)[0], of=of)
        assert (made.volumes, made.capacity) == (1, ())

    def test_a_mount_point_s_own_threshold_holds(self) -> None:
        of = contract({"oa-db-01": {"checks": {"OS08": {"mounts": {"/data": {"warn": 97, "crit": 99}}}}}})
        now, earlier = self.weeks(95)
        assert report(now, earlier=earlier, of=of).capacity == ()

    def test_what_was_not_seen_this_week_has_no_row(self) -> None:
        _, earlier = self.weeks(20, 30, 40, 50, 60)
        assert report(run("oa-db-01"), earlier=earlier).volumes == 0

    def test_facts_of_another_version_are_passed_over(self) -> None:
        now, _ = self.weeks(90)
        strange = HostVisit(target="oa-db-01", attempt=1, started_at=MORNING, seconds=1, facts={"OS08": {"old": 1}})
        made = report(now, earlier=[run("oa-db-01", weeks_ago=1).model_copy(update={"host_visits": (strange,)})])
        assert made.volumes == 2


class TestLogs:
    def read(self, host: str, weeks_ago: int = 0, cut: tuple[str, ...] = (), **found: int) -> RunRecord:
        """A run that read the journal; `found`: how many lines of each kind."""
        until = int((MORNING - timedelta(weeks=weeks_ago)).timestamp())
        kinds = tuple(
            Template(key=key, source="journal", level="error", text=f"错误 {key}", count=count, new=key == "new")
            for key, count in found.items()
        )
        logs = Logs(since=until - WEEK, until=until, journal=True, templates=kinds, cut=cut)
        visit = HostVisit(
            target=host, attempt=1, started_at=MORNING, seconds=1, facts={"OS26": logs.model_dump(mode="json")}
        )
        return run(host, weeks_ago=weeks_ago).model_copy(update={"host_visits": (visit,)})

    def test_stand_beside_last_week_s_the_new_first(self) -> None:
        earlier = [self.read("oa-web-01", 2, old=90), self.read("oa-web-01", 1, old=3)]
        made = report(self.read("oa-web-01", old=5, new=2), self.read("oa-app-01", old=1), earlier=earlier).logs
        assert [(line.host, line.text, line.found, line.before, line.new) for line in made.lines] == [
            ("oa-web-01", "错误 new", 2, 0, True),
            ("oa-web-01", "错误 old", 5, 3, False),
            ("oa-app-01", "错误 old", 1, None, False),
        ]
        assert (made.read, made.unread) == (2, HOSTS[2:])
        assert made.lines[1].before is not None
        assert made.lines[1].before.rows == ("slot host-inspection/oa-web-01/2026-W46 OS26",)

    def test_of_a_week_in_which_none_were_read_there_are_none(self) -> None:
        made = report(run("oa-web-01"), earlier=[self.read("oa-web-01", 1, old=3)]).logs
        assert (made.lines, made.read, made.unread) == ((), 0, HOSTS)

    def test_that_are_not_whole_are_named(self) -> None:
        assert report(self.read("oa-web-01", cut=("journal",))).logs.incomplete == ("oa-web-01",)


def test_the_same_records_give_the_same_bytes() -> None:
    runs = [run("oa-web-01", FULL | DENIED), unreachable("oa-db-02"), run("oa-app-01", ended=False)]
    earlier = [run("oa-web-01", FULL, weeks_ago=1), unreachable("oa-db-02", 1)]
    first, second = (report(*runs, earlier=earlier) for _ in range(2))
    assert first.model_dump_json() == second.model_dump_json()
    assert HostReport.model_validate_json(first.model_dump_json()) == first
