"""The 日志分析报告 as data: what the month's readings hold beside those of the month before."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from checks.coverage import Mark
from checks.finding import Finding, Reason, State
from checks.log_facts import WEEK, LogFile, Logs, Template
from checks.log_month import MOST, HostMonth, LogMonth, log_month
from checks.records import FindingRecord, RunRecord
from checks.visit import HostVisit

CHINA = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 1, 23, 30, tzinfo=UTC)  # the first of November's Mondays, 07:30 in China
APP = "/var/log/app.log"
FINE = Finding(check="OS18", state=State.OK, summary="0 条错误，期望 0 条")


def kind(key: str, found: int, *, level: str = "error", source: str = "journal", new: bool = False) -> Template:
    return Template(key=key, source=source, level=level, text=f"{key} <数>", count=found, new=new)


def logs(*kinds: Template, app: bool = False, others: int = 0, cut: tuple[str, ...] = (), at: int = 0) -> Logs:
    """A reading of the journal, and of a file of an application."""
    files = (LogFile(path=APP, inode=1, size=1),) if app else ()
    since = int(MONDAY.timestamp()) + at * WEEK
    return Logs(since=since - WEEK, until=since, journal=True, files=files, templates=kinds, others=others, cut=cut)


def slot(week: int, host: str = "web") -> str:
    return f"host-inspection/{host}/2026-W{45 + week}"


def run(week: int, read: Logs | None, *findings: Finding, host: str = "web", number: int = 1) -> RunRecord:
    at = MONDAY + timedelta(weeks=week, hours=number)
    facts = {"OS26": read.model_dump(mode="json")} if read else {}
    return RunRecord(
        id=f"{host}-{week}-{number}", slot=slot(week, host), flow_run_id="f", trigger="schedule", who="w", why="y",
        started_at=at, ended_at=at, outcome="OK", code_version="1", contract_hash="c",
        findings=tuple(FindingRecord(target=host, attempt=1, at=at, finding=one) for one in findings),
        host_visits=(HostVisit(target=host, attempt=1, started_at=at, seconds=1, facts=facts),),
    )  # fmt: skip


def month(
    *runs: RunRecord, before: tuple[RunRecord, ...] = (), marks: tuple[Mark, ...] = (Mark.DONE,) * 4,
    exempt: Mapping[str, str] | None = None, host: str = "web",
) -> HostMonth:  # fmt: skip
    return HostMonth(host, [(slot(week, host), mark) for week, mark in enumerate(marks)], runs, before, exempt or {})


def made(*hosts: HostMonth) -> LogMonth:
    return log_month(hosts, CHINA)


def test_the_new_first_then_what_grew_most_beside_the_month_before() -> None:
    # Given
    before = run(-4, logs(kind("steady", 20), kind("grows", 2)))
    now = [
        run(0, logs(kind("steady", 10), kind("grows", 5))),
        run(1, logs(kind("steady", 9), kind("new", 1, new=True))),
    ]
    # When
    report = made(month(*now, before=(before,)))
    # Then
    assert [(one.text, one.found, one.before, one.more, one.new) for one in report.kinds] == [
        ("new <数>", 1, 0, 1, True),
        ("grows <数>", 5, 2, 3, False),
        ("steady <数>", 19, 20, -1, False),
    ]
    assert report.kinds[2].found.rows == (f"slot {slot(0)} OS26", f"slot {slot(1)} OS26")
    assert (report.errors, report.warnings, report.new) == (25, 0, 1)
    assert (report.due, report.read) == (4, 2)


def test_every_source_has_a_line_also_one_without_errors() -> None:
    before = run(-4, logs(kind("a", 4)))
    now = run(0, logs(kind("a", 3), kind("b", 2, level="warning", source=APP), app=True))
    lines = made(month(now, before=(before,))).sources
    assert [(one.source, one.errors, one.errors_before, one.warnings, one.warnings_before) for one in lines] == [
        (APP, 0, None, 2, None),  # the file was not read the month before: nothing to compare with
        ("系统日志", 3, 4, 0, 0),
    ]


def test_what_there_was_no_reading_to_compare_with_is_not_zero() -> None:
    [line] = made(month(run(0, logs(kind("a", 3))))).kinds
    assert (line.found, line.before, line.more) == (3, None, None)


def test_what_is_not_listed_is_counted() -> None:
    kinds = [kind(f"k{number:03}", 1000 - number) for number in range(MOST + 2)]
    report = made(month(run(0, logs(*kinds, others=7))))
    assert len(report.kinds) == MOST
    assert (report.more_kinds, report.more_lines) == (2, 1000 - MOST + 1000 - MOST - 1 + 7)


class TestSecurity:
    def test_verdicts_of_the_month_with_what_nobody_looked_at(self) -> None:
        disk = Finding(check="OS18", state=State.CRIT, summary="磁盘读写 2 条，期望 0 条")
        dark = Finding(check="OS18", state=State.UNKNOWN, summary="连接不上", reason=Reason.UNREACHABLE)
        report = made(month(run(0, None, FINE), run(1, None, disk), run(2, None, dark)))
        kernel = next(one for one in report.security if one.item == "OS18 内核错误")
        assert (kernel.ok, kernel.warn, kernel.crit, kernel.unknown, kernel.not_done) == (1, 0, 1, 1, 1)
        assert kernel.crit.rows == (f"slot {slot(1)} OS18",)
        assert [(one.state, one.summary) for one in report.verdicts] == [
            (State.CRIT, disk.summary),
            (State.UNKNOWN, "连接不上"),
        ]
        assert report.verdicts[0].at.isoformat() == "2026-11-09T08:30:00+08:00"
        assert report.unwell == 2

    def test_the_weeks_last_word_counts(self) -> None:
        bad = Finding(check="OS18", state=State.CRIT, summary="x")
        report = made(month(run(0, None, bad), run(0, None, FINE, number=2)))
        assert report.verdicts == ()

    def test_what_does_not_apply_was_not_missed(self) -> None:
        report = made(month(exempt={"OS19": "由平台看"}))
        told = {one.item.partition(" ")[0]: one.not_done for one in report.security}
        assert (told["OS19"], told["OS18"]) == (0, 4)


class TestUnread:
    def test_weeks_without_a_reading_say_why(self) -> None:
        denied = Finding(check="OS26", state=State.UNKNOWN, summary="没有权限", reason=Reason.PERMISSION)
        marks = (Mark.DONE, Mark.UNKNOWN, Mark.MISSED, Mark.MISSED, Mark.PENDING)
        report = made(month(run(0, logs()), run(1, None, denied), marks=marks))
        assert [(one.what, one.why, one.times) for one in report.unread] == [
            ("全部日志", "没有权限", 1),
            ("全部日志", "漏检", 2),
        ]
        assert (report.due, report.read) == (4, 1)

    def test_what_is_not_whole_is_named(self) -> None:
        runs = [run(week, logs(cut=("journal",)).model_copy(update={"missing": ("/x",)})) for week in range(4)]
        assert [(one.what, one.why, one.times) for one in made(month(*runs)).unread] == [
            ("/x", "合同里写了，主机上没有这个文件", 4),
            ("系统日志", "日志过多，较早的从略", 4),
        ]

    def test_what_the_contract_leaves_out_has_its_reason(self) -> None:
        report = made(month(exempt={"OS26": "由甲方集中收集"}))
        assert [(one.why, one.times) for one in report.unread] == [("合同写明不适用：由甲方集中收集", 0)]
        assert report.due == 0


def test_nothing_is_due() -> None:
    report = made()
    assert (report.due, report.read, report.errors, report.kinds, report.unread) == (0, 0, 0, (), ())


def test_the_same_records_give_the_same_report() -> None:
    runs = [run(week, logs(kind("a", 3), kind("b", 3), at=week)) for week in range(4)]
    first, second = (made(month(*runs), month(host="app")).model_dump_json() for _ in range(2))
    assert first == second
