"""周报, 月报, 季报, 半年报 and 年报 of a ledger whose numbers are counted by hand; and held against DOC02 and DOC03."""

import json
import re
import shutil
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from period_book import BY, NOW, Book, at, resources, september

from checks.document_entries import Handed
from checks.documents import default_documents
from checks.finding import Finding, State
from checks.incidents import Step
from checks.number import Number
from checks.report_period import Every, named
from flows.document_check import Hand, findings_of
from flows.document_desk import DocumentDesk
from flows.document_figures import figures_of
from flows.queries import Asking
from flows.queries.notes import REPORT_NOTE
from flows.report_files import build
from tasks.report import Format

DUTIES = {one.id: one for one in default_documents()}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return september(tmp_path_factory.mktemp("september"))


@pytest.fixture(scope="module")
def ask(book: Book) -> Asking:
    return book.ask()


def values(line: Any, *names: str) -> list[Any]:
    found = [getattr(line, name) for name in names]
    return [one.value if isinstance(one, Number) else one for one in found]


class TestNumbers:
    def test_duties(self, ask: Asking) -> None:
        duties = {one.duty: one for one in ask("inspections.duties")}
        names = ("expected", "done", "late", "missed", "excused", "unknown", "pending")
        assert values(duties["page-inspection"], *names) == [60, 56, 1, 1, 2, 1, 0]
        assert values(duties["host-inspection"], *names) == [8, 7, 0, 1, 0, 0, 0]
        assert values(duties["backup-check"], *names) == [30, 29, 0, 1, 0, 0, 0]
        assert values(duties["restore-drill"], *names) == [1, 1, 0, 0, 0, 0, 0]
        assert duties["baseline-check"].absent == "合同没有要求"
        assert all(len(one.expected.rows) == one.expected.value for one in duties.values())

    def test_what_was_not_done_in_time_stands_once_with_its_reason(self, ask: Asking) -> None:
        lines = [(f"{one.day:%d}", one.duty, one.labels, one.mark) for one in ask("inspections.exceptions")]
        assert lines == [
            ("07", "页面巡检", "移动办公系统", "漏检"),
            ("10", "页面巡检", "移动办公系统", "迟做"),
            ("11", "备份检查", "业务库", "漏检"),
            ("15", "页面巡检", "移动办公系统", "不明"),
            ("20", "页面巡检", "综合办公系统、移动办公系统", "免除"),
            ("21", "主机巡检", "oa-app-01", "漏检"),
        ]

    def test_what_was_at_fault_counts_once_a_slot_and_a_retry_that_was_well_not_at_all(self, ask: Asking) -> None:
        page, host = "page-inspection", "host-inspection"
        assert [ask("anomalies.count", duty=one) for one in (page, host)] == [4, 3]
        assert [ask("anomalies.severe", duty=one) for one in (page, host)] == [2, 3]
        assert [ask("anomalies.unseen", duty=one) for one in (page, host)] == [1, 0]
        assert [ask("anomalies.open", duty=one) for one in (page, host)] == [1, 1]
        often = [values(one, "target", "times", "state", "still") for one in ask("anomalies", duty=page)]
        assert often == [
            ["综合办公系统 待办", 3, State.CRIT, False],
            ["移动办公系统 待办", 1, State.CRIT, True],
        ]

    def test_availability(self, ask: Asking) -> None:
        """Given nine days that were seen but for six planned hours, and one down for an hour, of thirty."""
        oa, mobile = ask("availability")
        day, hour = 86400, 3600
        assert values(oa, "up", "down", "planned", "unknown") == [
            10 * day - 6 * hour - hour, hour, 6 * hour, 20 * day
        ]  # fmt: skip
        assert oa.share.value == Fraction(10 * day - 7 * hour, 30 * day - 6 * hour)
        assert oa.points is None
        # nobody has ever looked at the other: that is neither 0 nor 100 %
        assert mobile.share.shown == "不明"
        assert (mobile.judged, mobile.points) == ("没有探测结果，不能确定", None)
        [outage] = ask("availability.outages")
        assert values(outage, "name", "start", "end", "took") == [
            "综合办公系统",
            at(2, 100 / 12),
            at(2, 112 / 12),
            hour,
        ]

    def test_incidents(self, ask: Asking) -> None:
        counted = [ask("incidents.count", what=one) for one in ("opened", "cleared", "still")]
        assert counted == [2, 1, 1]
        clocks = ("report", "response", "repair", "dispatch")
        assert [ask("incidents.breached", clock=one) for one in clocks] == [0, 1, 1, 0]
        assert ask("incidents.longest").value == 3 * 3600
        first, second = ask("incidents")
        assert values(first, "number", "system", "state") == ["G-2026-0001", "综合办公系统", "已解除"]
        assert first.response.shown == "超时 15 分"
        assert second.restored_at is None

    def test_availability_rests_on_what_was_reported_of_its_own_period(self, tmp_path: Path) -> None:
        """Given a system that was reported down on 3 September, for an hour."""
        book = Book(tmp_path, at(1, 0))
        book.incident(at(3), (Step.RESTORED, at(3, 13)), (Step.CLEARED, at(3, 14)), down=True)
        rows = [book.ask(name=name, as_of=at(40))("availability")[0].down.rows for name in ("2026-09", "2026-10")]
        assert ["incident G-2026-0001" in one for one in rows] == [True, False]

    def test_changes(self, ask: Asking) -> None:
        [window] = ask("changes.downtimes")
        assert (window.systems, window.start, window.end, window.state) == (
            "综合办公系统",
            at(6, 0),
            at(6, 6),
            "已结束",
        )
        first, second = ask("changes.contract")
        assert (first.what, second.what, second.at) == ("首次登记", "增加 ssh_config", at(16))

    def test_security(self, ask: Asking) -> None:
        wanted = {"known": 3, "new": 3, "mended": 1, "verified": 1, "open": 2, "overdue": 1}
        assert {what: ask("security.count", what=what).value for what in wanted} == wanted
        lines = [values(one, "severity", "new", "mended", "verified", "open", "overdue") for one in ask("security")]
        assert lines == [["高危", 2, 1, 1, 1, 1], ["中危", 1, 0, 0, 1, 0]]
        assert [(one.number, one.stands) for one in ask("security.open")] == [
            ("F-2026-003", "未整改，逾期 5 天"), ("F-2026-002", "未整改，还有 20 天"),
        ]  # fmt: skip
        # what was seen before the repair was no retest
        assert [ask("security.retests", verdict=one) for one in ("", "OK", "CRIT", "UNKNOWN")] == [1, 1, 0, 0]
        assert [one.result for one in ask("remediation").retests] == ["取证", "已修复"]

    def test_the_last_entry_of_a_period_that_is_not_over_counts(self, book: Book) -> None:
        """Given a ledger whose last entry is the third finding."""
        assert [book.ask(as_of=at(12))("security.count", what=one) for one in ("known", "open")] == [3, 2]

    def test_a_deadline_that_passes_after_the_period_is_missed_in_the_period_of_its_incident(
        self, tmp_path: Path
    ) -> None:
        """Given one that was called in on the 30th at 23:45, answered and mended in October."""
        book = Book(tmp_path, at(1, 0))
        book.incident(at(30, 23.75), (Step.RESPONDED, at(31, 1)), (Step.RESTORED, at(31, 9)))
        ask = book.ask(as_of=at(31, 12))
        assert [ask("incidents.breached", clock=one) for one in ("response", "repair")] == [1, 1]
        [line] = ask("incidents")
        assert line.repair.shown == "超时 1 小时 15 分"
        assert book.ask(name="2026-10", as_of=at(31, 12))("incidents.breached", clock="repair") == 0
        figures = figures_of(book.ledger, book.settings, book.contract, DUTIES["monthly"], "2026-09", at(31, 12))
        assert {one.name: one.value for one in figures}["修复超时"] == 1  # DOC03 counts likewise

    def test_a_look_that_was_made_up_for_is_of_the_period_in_which_it_was_made(self, tmp_path: Path) -> None:
        """Given the week of 28 September, looked at on 2 October."""
        book = Book(tmp_path, at(1, 0))
        book.host("oa-db-01", 7, resources(10, 50, 40))
        book.host("oa-db-01", 32, resources(80, 50, 90))
        assert [line.cpu.last.shown for line in book.ask()("resources")] == ["10.0%"]
        assert [line.cpu.first.shown for line in book.ask(name="2026-10", as_of=at(40))("resources")] == ["80.0%"]

    def test_backups(self, ask: Asking) -> None:
        [line] = ask("backups")
        names = ("expected", "done", "missed", "excused", "unknown", "wrong")
        assert values(line, "title", *names) == ["业务库", 30, 29, 1, 0, 0, 2]
        assert ask("backups.wrong") == 2
        [drill] = ask("backups.drills")
        assert (drill.at, drill.within, drill.state, drill.point) == (at(18), True, State.OK, at(18, 1.5))
        assert (drill.took.shown, drill.behind.shown) == ("95 秒", "30 分钟")

    def test_resources(self, ask: Asking) -> None:
        db, app = ask("resources")
        assert [one.shown for one in (db.cpu.first, db.cpu.last, db.cpu.most, db.cpu.looks)] == [
            "10.0%", "40.0%", "40.0%", "4",
        ]  # fmt: skip
        assert app.memory.last.shown == "40.0%"
        growing, full = ask("resources.disks")
        assert (growing.host, growing.what, growing.growth.shown) == ("oa-db-01", "/data", "+6.0")
        assert growing.forecast.startswith("约 189 天后写满")  # 54 % are free, and 2 % a week go
        assert (full.host, full.last.shown, full.growth.shown) == ("oa-app-01", "95.0%", "0")
        assert [one.what for one in ask("resources.disks", moving=False)] == ["/", "/"]

    def test_documents(self, ask: Asking) -> None:
        """Given that nobody has handed anything in, then what was due before the ledger began is not known."""
        lines = {one.title: (one.handed_in, one.lost.value) for one in ask("documents")}
        assert lines == {
            "月报 2026-08": (None, 0.5),
            "周报 2026-W36": (None, 0.5),
            "周报 2026-W37": (None, 0.5),
            "故障报告 G-2026-0001": (None, 0.5),
            "周报 2026-W38": (None, 0.5),
            "周报 2026-W39": (None, 0.5),
        }
        assert (ask("documents.due"), ask("documents.late"), ask("documents.lost").value) == (6, 6, 3.0)

    def test_the_indicators_of_the_contract_say_no_more_than_is_known(self, ask: Asking) -> None:
        verdicts = {one.demand: one.verdict for one in ask("indicators")}
        assert [*verdicts.values()] == [
            "未达到", "未达到", "未达到", "不能确定", "未达到", "待甲方认定", "未达到", "未达到", "未达到",
        ]  # fmt: skip


@pytest.fixture
def own(book: Book, tmp_path: Path) -> Book:
    """The same, to be written on."""
    shutil.copytree(book.settings.home.parent, tmp_path, dirs_exist_ok=True)
    return Book(tmp_path, NOW)


def made(book: Book, kind: str, every: Every, name: str, form: Format = Format.DOCX, now: Any = NOW) -> Path:
    out = book.settings.home / "out"
    return build(book.office, kind, named(every, name, now.date()), [form], out=out)[form]


def checked(book: Book, kind: str, name: str, file: Path) -> dict[str, Finding]:
    hand = Hand(DUTIES[kind], name, file.name, file.read_bytes())
    return {one.check: one for one in findings_of(book.ledger, book.settings, book.contract, hand, NOW)}


def markdown(book: Book, kind: str, every: Every, name: str, now: Any = NOW) -> str:
    """As it is read."""
    text = made(book, kind, every, name, Format.ARTIFACT, now).read_text(encoding="utf-8")
    return re.sub(r"\\(?=[^\w\s])", "", text)


KINDS = [
    ("weekly", Every.WEEK, "2026-W37", ["三、事件与请求", "六、下周计划"]),
    ("monthly", Every.MONTH, "2026-09", ["八、功能优化", "九、考核自评", "十、问题与建议", "十一、下期计划"]),
    ("quarterly", Every.QUARTER, "2026-Q3", ["八、功能优化", "九、考核自评", "十、问题与建议", "十一、下期计划"]),
    ("half-yearly", Every.HALF_YEAR, "2026-H2", ["八、功能优化", "九、考核自评", "十、问题与建议", "十一、下期计划"]),
    ("yearly", Every.YEAR, "2026", ["八、功能优化", "九、考核自评", "十一、人员", "十二、演练", "十三、满意度",
                                    "十四、问题与建议", "十五、下期计划"]),
]  # fmt: skip


class TestTheirOwnCheck:
    @pytest.mark.parametrize(("kind", "every", "name", "sections"), KINDS, ids=[one[0] for one in KINDS])
    def test_all_headings_are_there_and_what_people_must_write_is_named(
        self, book: Book, kind: str, every: Every, name: str, sections: list[str]
    ) -> None:
        found = checked(book, kind, name, made(book, kind, every, name))
        unwritten = "、".join(one.partition("、")[2] for one in sections)
        assert found["DOC02"].state is State.WARN
        named = found["DOC02"].summary.partition("有待填写的：")[2].partition("）")[0]
        assert sorted(named.split("、")) == sorted(unwritten.split("、"))
        assert found["DOC03"].state is not State.WARN, found["DOC03"].summary

    def test_what_people_have_written_makes_it_complete(self, own: Book) -> None:
        for section in KINDS[-1][-1]:
            own.say(REPORT_NOTE, "yearly/2026", NOW, section=section, text="已按计划完成。")
        found = checked(own, "yearly", "2026", made(own, "yearly", Every.YEAR, "2026"))["DOC02"]
        assert found.state is State.OK, found.summary

    def test_the_numbers_of_a_month_are_those_of_the_ledger(self, book: Book) -> None:
        found = checked(book, "monthly", "2026-09", made(book, "monthly", Every.MONTH, "2026-09"))["DOC03"]
        assert found.state is State.OK, found.summary
        right = int(found.summary.removeprefix("与台账相符 ").split(" ")[0])
        assert right >= 20, found.summary

    def test_what_was_due_adds_up(self, book: Book) -> None:
        """Given two that were excused: of 60 that were due, so many were not done, and each has its reason."""
        text = markdown(book, "monthly", Every.MONTH, "2026-09")
        assert "页面巡检应做 60 次，完成 56 次，漏检 1 次，免除 2 次，**不明 1 次**" in text

    def test_every_number_knows_its_query(self, book: Book) -> None:
        made(book, "yearly", Every.YEAR, "2026", Format.ARTIFACT)
        listed = json.loads((book.settings.home / "out" / "年报-2026.figures.json").read_text(encoding="utf-8"))
        assert len(listed["figures"]) > 100
        assert [one for one in listed["figures"] if not one["query"]] == []


class TestWhatIsNotThere:
    def test_no_probe_no_availability(self, book: Book) -> None:
        text = markdown(book, "monthly", Every.MONTH, "2026-09")
        assert "移动办公系统可用率 不明（没有探测结果，不能确定）" in text
        assert "| 移动办公系统 | 不明 | 00:00:00 | 00:00:00 | 00:00:00 | 30 天 00:00:00 |" in text

    def test_a_duty_that_the_contract_does_not_want(self, book: Book) -> None:
        text = markdown(book, "monthly", Every.MONTH, "2026-09")
        assert "| 等保自查 | 合同没有要求 | — |" in text
        assert "等保自查：合同没有要求。" in text

    def test_a_duty_of_each_month_is_not_due_in_each_week_but_the_contract_wants_it(self, book: Book) -> None:
        duties = {one.duty: one for one in book.ask("weekly", Every.WEEK, "2026-W37")("inspections.duties")}
        assert (duties["restore-drill"].absent, duties["baseline-check"].absent) == ("本期没有到期的", "合同没有要求")
        assert duties["page-inspection"].absent == ""

    def test_a_period_before_the_ledger_says_so_on_its_first_page(self, book: Book) -> None:
        text = markdown(book, "monthly", Every.MONTH, "2026-08")
        assert "此前的情况不明" in text.partition("## 一、概述")[0]
        assert "页面巡检应做 62 次，完成 0 次，漏检 0 次，**不明 62 次**。" in text
        assert "页面：本期没有完成的巡检，有无异常不明。" in text
        assert "本期没有取得任何主机的资源数据，趋势不明。" in text

    def test_a_period_half_recorded(self, tmp_path: Path) -> None:
        """Given a month of which ten days have passed, then the first page says so, and the rest is 未到期."""
        book = Book(tmp_path, at(1, 0))
        for day in range(1, 11):
            book.page("oa", day)
        book.office = book.opened(at(11, 8))
        text = markdown(book, "monthly", Every.MONTH, "2026-09", at(11))
        assert (
            "本期到 2026-09-30 为止，台账的记录只到 2026-09-11 08:00，此后的情况不在本报告内"
            in text.partition("## 一、概述")[0]
        )
        # of the other days those that are on record by then: today's
        assert "页面巡检应做 20 次，完成 10 次，漏检 10 次，未到期" in text
        assert "不能确定" in markdown(book, "yearly", Every.YEAR, "2026", at(11)).partition("指标完成情况")[2]

    def test_a_contract_with_nothing_but_systems(self, tmp_path: Path) -> None:
        book = Book(tmp_path, at(1, 0), "hosts/oa.yaml", "backups/oa.yaml")
        text = markdown(book, "monthly", Every.MONTH, "2026-09", at(2))
        assert "备份检查：合同没有要求。" in text
        assert "合同没有要求恢复演练。" in text
        assert "漏洞台账里没有漏洞：没有登记过，不等于没有漏洞。" in text

    def test_a_backup_that_was_never_restored(self, tmp_path: Path) -> None:
        book = Book(tmp_path, at(1, 0))
        book.office = book.opened(at(2))
        [drill] = book.ask(as_of=at(2))("backups.drills")
        assert (drill.at, drill.state, drill.took.shown, drill.behind.shown) == (None, None, "不明", "不明")


def test_the_same_ledger_gives_the_same_report(book: Book) -> None:
    first = made(book, "monthly", Every.MONTH, "2026-09", Format.HTML).read_bytes()
    assert made(book, "monthly", Every.MONTH, "2026-09", Format.HTML).read_bytes() == first


def test_a_document_that_was_handed_in(own: Book) -> None:
    """Given two weekly reports, one in time and one late, then they cost half a point together with what is missing."""
    for name, when in (("2026-W36", at(7, 10)), ("2026-W37", at(15, 10))):
        desk = DocumentDesk(own.ledger, own.settings, when)
        desk.submit(f"weekly/{name}", ("周报.docx", b"PK"), Handed(when, "cli"), BY)
    lines = {one.title: one for one in own.ask()("documents")}
    first, second = lines["周报 2026-W36"], lines["周报 2026-W37"]
    assert (first.handed_in, first.verdict, first.lost.shown) == (at(7, 10), "按时", "0")
    assert (second.handed_in, second.verdict, second.lost.shown) == (at(15, 10), "迟交 10 小时", "0.5")


def test_of_many_incidents_those_that_went_well_are_counted_and_not_listed(own: Book) -> None:
    """Given two that did not go well and forty that did, then the two are listed."""
    for number in range(40):
        called = at(21, number * 3)
        answered, restored = called + timedelta(minutes=10), called + timedelta(minutes=20)
        own.incident(called, (Step.RESPONDED, answered), (Step.RESTORED, restored), (Step.CLEARED, restored))
    text = markdown(own, "monthly", Every.MONTH, "2026-09")
    assert "发生故障 42 起" in text
    assert "其中 40 起都按时处理、已经解除，这里不列：" in text
    assert set(re.findall(r"^\| (G-\S+) \|", text, re.MULTILINE)) == {"G-2026-0001", "G-2026-0002"}
