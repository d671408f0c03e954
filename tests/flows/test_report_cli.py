"""`xunjian report …` on a ledger with some days in it, with the real pandoc and the real Chromium."""

import hashlib
import json
import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from command import xunjian
from docx import Document
from report_room import DARK, OWN, STEM, WEEK, Room
from year import Fate, Year

from checks.entries import Who
from flows import report_cli
from flows.report_desk import REPORT
from flows.standing import excuse
from tasks.report.kinds import kinds

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def report(room: Room) -> Path:
    """As a Word file, of the week in which much was missed."""
    code, said = room.run("report", "duty", "--period", DARK, "--format", "docx")
    assert code == 0, said
    return room.settings.reports_dir / f"值班小结-{DARK}.docx"


class TestBuild:
    def test_as_the_issue_writes_it(self, days: Year, tmp_path: Path) -> None:
        """Given the real program, then the files lie where they were asked for, and nothing else does."""
        shutil.copytree(days.folder, tmp_path / "var")
        words = ["--period", WEEK, "--format", "docx", "--format", "html", "--out", str(tmp_path / "out")]
        told = xunjian(tmp_path, "report", "weekly", *words, "--contract", "var/contract")
        assert (told.returncode, told.stderr) == (0, "")
        names = {f"周报-{WEEK}.docx", f"周报-{WEEK}.html", f"周报-{WEEK}.figures.json"}
        assert {path.name for path in (tmp_path / "out").iterdir()} == names
        assert not (tmp_path / "var/reports").exists()
        wrong = xunjian(tmp_path, "report", "weekly", "--format", "doc", "--contract", "var/contract")
        assert (wrong.returncode, "--format 不能是 doc；只能是" in wrong.stderr) == (2, True)
        assert f"报告：{tmp_path}/out/周报-{WEEK}.docx" in told.stdout

    @pytest.mark.parametrize("called", ["值班小结", "值班小结（duty）"])
    def test_by_its_chinese_name(self, room: Room, called: str) -> None:
        code, said = room.run("report", called, "--period", WEEK, "--format", "md")
        assert (code, room.made()) == (0, {f"{STEM}.md", f"{STEM}.figures.json"}), said

    def test_all_four_where_none_is_named(self, room: Room) -> None:
        code, _ = room.run("report", "build", "duty", "--period", WEEK)
        assert code == 0
        assert room.made() == {f"{STEM}.{form}" for form in ("md", "html", "pdf", "docx", "figures.json")}

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["duty", "--period", "2026-W54"], "2026 年的周从 W01 到 W53"),
            (["duty", "--period", "2026-10"], "这种报告写 2026-W47 这样的期间"),
            (["quarterly", "--period", "2026-Q5"], "日历上没有 2026-Q5：季度从 Q1 到 Q4"),
            (["half-yearly", "--period", "2026-H0"], "日历上没有 2026-H0：半年是 H1 或 H2"),
            (["quarterly", "--period", "0000-Q1"], "这种报告写 2026-Q3 这样的期间"),
            (["yearly", "--period", "9999"], "这种报告写 2026 这样的期间"),
            (["duty", "--period", "2999-W01"], "还没有到（2998-12-31 开始）"),
            (["weekyl"], "没有“weekyl”这种报告；是不是 周报（weekly）。有：日报（daily）、"),
            (["周包"], "是不是 周报（weekly）"),
            (["incident"], "要写明故障的编号"),
            (["incident", "--period", "G-2026-0999"], "没有故障 G-2026-0999"),
            (["retest"], "要写明漏洞的编号"),
            (["duty", "--period", WEEK, "--out", "/proc/nowhere"], "写不进 /proc/nowhere"),
        ],
    )
    def test_wrong_input(self, room: Room, words: list[str], said: str) -> None:
        code, told = room.run("report", *words)
        assert code == 2
        assert said in told
        assert room.made() == set()

    def test_help_names_every_kind(self) -> None:
        told = [word.split(" ") for word in report_cli.KINDS.split("、")]
        assert {name: kind for name, kind in told if name in kinds()} == {
            one.name: one.kind for one in kinds().values()
        }

    def test_kinds_lists_the_contracts_own_and_what_is_wrong_with_one(self, room: Room) -> None:
        room.template("broken", "{% set kind = %}")
        code, said = room.run("report", "kinds")
        assert code == 2
        assert "duty" in said.partition("值班小结")[0].rpartition("\n")[2]
        assert "broken.md.j2 第 1 行" in said


class TestFirstPage:
    def page(self, room: Room, period: str, kind: str = "duty") -> str:
        code, said = room.run("report", kind, "--period", period, "--format", "md")
        assert code == 0, said
        [file] = room.settings.reports_dir.glob("*.md")
        return file.read_text(encoding="utf-8").partition("\n## ")[0].replace("\\", "")

    def test_all_is_there(self, room: Room) -> None:
        said = self.page(room, WEEK)
        assert "已核对台账封存链和本期记录（本期以外各次运行的明细和证据文件由每日的台账核对查）" in said
        assert "**" not in said

    def test_days_of_which_nothing_is_on_record(self, room: Room, days: Year) -> None:
        dark = sorted({slot.rpartition("/")[2] for slot, fate in days.fates.items()
                       if fate is Fate.DOWN and slot.startswith("page-")})  # fmt: skip
        assert f"**注意：本期有 {len(dark)} 天没有任何记录：{dark[0]} 至 {dark[-1]}；这些天的情况不明。**" in self.page(
            room, DARK
        )

    def test_a_period_that_is_not_over_and_began_before_the_ledger(self, room: Room, days: Year) -> None:
        room.template("summary", OWN.replace('"week"', '"month"'))
        said = self.page(room, "2025-11", "summary")
        assert "**注意：本期到 2025-11-30 为止，台账的记录只到 2025-11-17 00:00，此后的情况不在本报告内。**" in said
        assert f"**注意：合同的服务期到 {days.last} 为止，此后没有应做的事。**" in said
        assert "没有应做事项" not in said

    def test_a_period_of_which_nothing_is_on_record(self, room: Room) -> None:
        said = self.page(room, "2025-W40")
        assert "**注意：合同的服务期从 2025-11-01 开始，此前没有应做的事。**" in said
        assert "**注意：台账从 2025-11-01 " in said
        assert "**注意：台账里没有本期的任何应做事项，本报告不能说明任何情况。**" in said

    def test_a_ledger_that_was_tampered_with(self, room: Room) -> None:
        """Given a verdict changed behind the ledger's back, then the report says so in bold before all else, and so
        does the command."""
        room.tamper()
        code, said = room.run("report", "duty", "--period", WEEK, "--format", "docx")
        assert code == 1
        assert "台账核对不通过：2 处问题" in said
        first = [one for one in Document(str(room.settings.reports_dir / f"{STEM}.docx")).paragraphs if one.text]
        warning = next(one for one in first if "台账核对不通过" in one.text)
        assert all(run.bold for run in warning.runs)
        assert "本报告的数字不能作为依据" in warning.text
        assert not any("已核对台账" in one.text for one in first)

    @pytest.mark.parametrize(
        ("table", "change"), [("run", "started_at = 'gestern'"), ("visit", "facts = '{'"), ("finding", "state = 'x'")]
    )
    def test_a_ledger_that_cannot_be_read_any_more(self, room: Room, table: str, change: str) -> None:
        """Given a row that was made unreadable, then that is named, and no template, and nothing is written."""
        run = "SELECT id FROM run WHERE slot_id LIKE 'page-%2025-11-11'"
        with sqlite3.connect(room.settings.root / "ledger.db") as connection:
            connection.execute(f"DROP TRIGGER {table}_no_update")
            connection.execute(f"UPDATE {table} SET {change} WHERE {'id' if table == 'run' else 'run_id'} IN ({run})")
        connection.close()
        code, said = room.run("report", "daily", "--period", "2025-11-11", "--format", "md")
        assert (code, said.startswith("台账核对不通过：")) == (3, True)
        assert "报告没有写成：" in said
        assert room.made() == set()


class TestPreview:
    def test_is_no_report(self, room: Room) -> None:
        code, said = room.run("report", "preview", "duty", "--period", WEEK, "--format", "md", "--format", "html")
        assert code == 0
        preview = room.settings.root / "preview"
        assert f"预览：{preview}/{STEM}.html" in said
        assert "templates/duty.md.j2（合同目录里自己的）" in said
        assert "**注意：预览：不是正式报告，不登记，不提交。**" in (preview / f"{STEM}.md").read_text(encoding="utf-8")
        assert not room.settings.reports_dir.exists()
        assert room.office().ledger.events(REPORT) == []

    def test_a_template_of_ones_own(self, room: Room) -> None:
        """Given ours copied and changed, then the preview is made of it."""
        assert room.run("report", "template", "weekly")[0] == 0
        file = room.templates / "weekly.md.j2"
        file.write_text(file.read_text(encoding="utf-8").replace("运行维护周报", "驻场服务周报"), encoding="utf-8")
        code, said = room.run("report", "preview", "weekly", "--period", WEEK)
        assert (code, "weekly.md.j2（合同目录里自己的）" in said) == (0, True)
        page = (room.settings.root / f"preview/周报-{WEEK}.html").read_text(encoding="utf-8")
        assert "驻场服务周报" in page

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (OWN.replace("{% endblock %}", ""), "summary.md.j2 第 "),
            (OWN.replace("漏检 {{", "漏检 {{ nobody }} {{"), "summary.md.j2 第 9 行：没有 nobody 这个名称"),
            (
                OWN.replace("inspections.missed", "inspections.mised"),
                "第 9 行：没有叫 inspections.mised 的查询；是不是",
            ),
            (OWN.replace("{{ ask", "{{ cover.__class__ }} {{ ask"), "第 9 行：模板不许用 Cover 的 __class__"),
            (OWN.replace('{% set every = "week" %}\n', ""), "summary.md.j2 开头要用 set 写明 every"),
        ],
    )
    def test_a_mistake_in_it(self, room: Room, text: str, said: str) -> None:
        """Given a mistake, then its file and line are named, nothing is written, and other kinds go on."""
        room.template("summary", text)
        code, told = room.run("report", "preview", "summary", "--period", WEEK)
        assert (code, said in told, room.made()) == (2, True, set()), told
        assert room.run("report", "duty", "--period", WEEK, "--format", "md")[0] == 0

    def test_what_somebody_changed_is_not_overwritten(self, room: Room) -> None:
        for words, name in ((("template", "_base"), "_base.md.j2"), (("reference",), "reference.docx")):
            assert room.run("report", *words)[0] == 0
            file = room.templates / name
            file.write_bytes(file.read_bytes() + b" ")
            before = file.read_bytes()
            code, said = room.run("report", *words)
            assert (code, "已经有了，没有覆盖" in said, file.read_bytes()) == (2, True, before)

    def test_our_word_styles_to_be_changed(self, room: Room, tmp_path: Path) -> None:
        assert room.run("report", "reference", str(tmp_path / "版式.docx"))[0] == 0
        assert Document(str(tmp_path / "版式.docx")).styles["Body Text"].font.size.pt == 16

    def test_queries_by_a_word_of_their_meaning(self, room: Room) -> None:
        code, said = room.run("report", "queries", "漏检")
        assert (code, "inspections.missed" in said, "inspections.done" in said) == (0, True, False)
        assert "没有含“无此事”的查询" in room.run("report", "queries", "无此事")[1]


class TestExplain:
    def explained(self, room: Room, *words: str) -> tuple[int, Any]:
        code, said = room.run("report", "explain", *words, "--json")
        return code, json.loads(said)

    def test_each_figure_with_its_query_and_rows(self, room: Room, report: Path) -> None:
        """Given the figures as they are listed, then each has its meaning, and a count has as many rows as it says."""
        code, found = self.explained(room, str(report))
        assert (code, found["changed"], found["cover"]["name"]) == (0, False, DARK)
        assert all(int(one["shown"]) == len(one["rows"]) and one["meaning"] for one in found["figures"])
        assert len(found["figures"]) % 3 == 1
        assert any("漏检次数" in one["meaning"] for one in found["figures"])

    def test_in_words(self, room: Room, report: Path) -> None:
        code, said = room.run("report", "explain", str(report), "--find", "inspections.missed", "--rows")
        assert code == 0
        assert "查询：inspections.missed（漏检次数：" in said
        missed = next(
            one for one in room.figures(f"值班小结-{DARK}")["figures"] if one["rows"] and "missed" in one["query"]
        )
        assert f"    {missed['rows'][0]}\n" in said
        assert "inspections.done" not in said

    def test_a_file_that_was_moved_or_renamed(self, room: Room, report: Path, tmp_path: Path) -> None:
        moved = shutil.copy(report, tmp_path / "送审稿.docx")
        assert self.explained(room, str(moved))[0] == 0

    def test_a_file_that_was_changed(self, room: Room, report: Path) -> None:
        report.write_bytes(report.read_bytes() + b" ")
        code, said = room.run("report", "explain", str(report))
        assert (code, "文件在生成之后改过" in said) == (1, True)

    def test_the_list_of_another_report_beside_it(self, room: Room, report: Path, tmp_path: Path) -> None:
        """Given a report that was taken away, and beside it the list of another, then its own is found all the same."""
        moved = Path(shutil.copy(report, tmp_path / "送审稿.docx"))
        listed = moved.with_name("送审稿.figures.json")
        other = room.figures(f"值班小结-{DARK}") | {"files": {"另一份.docx": "0" * 64}, "figures": []}
        listed.write_text(json.dumps(other), encoding="utf-8")
        code, found = self.explained(room, str(moved))
        assert (code, found["changed"], found["figures"] != []) == (0, False, True)
        moved.write_bytes(moved.read_bytes() + b" ")
        assert "旁边的 送审稿.figures.json 不是它的清单" in room.run("report", "explain", str(moved))[1]

    def test_no_list(self, room: Room, report: Path, tmp_path: Path) -> None:
        report.with_name(f"值班小结-{DARK}.figures.json").unlink()
        for file, why in ((report, "也没有这个文件的清单"), (tmp_path / "没有.docx", "没有文件")):
            code, said = room.run("report", "explain", str(file))
            assert (code, why in said) == (2, True)

    def test_a_list_that_is_none(self, room: Room, tmp_path: Path) -> None:
        (tmp_path / "a.figures.json").write_text("{}", encoding="utf-8")
        code, said = room.run("report", "explain", str(tmp_path / "a.figures.json"))
        assert (code, "不是报告的数字清单" in said) == (2, True)

    def test_asked_again(self, room: Room, report: Path) -> None:
        """Given a slot that was missed and is excused since, then that and what is counted of it have changed."""
        assert room.run("report", "explain", str(report), "--check")[0] == 0
        slot = next(row for one in room.figures(f"值班小结-{DARK}")["figures"] if "missed" in one["query"]
                    for row in one["rows"]).removeprefix("slot ")  # fmt: skip
        office = room.office()
        by = Who("甲方负责人", "机房停电", "cli:duty")
        excuse(office.ledger, [slot], by.name, by.why, "示例通知〔2025〕1号", office.ledger.sealed_at())
        code, found = self.explained(room, str(report), "--check")
        changed = {one["query"]: one for one in found["different"]}
        assert code == 1
        assert len(changed) > 1
        before, now = changed["inspections.missed"]["before"], changed["inspections.missed"]["now"]
        assert int(before[0]) == int(now[0]) + 1
        assert hashlib.sha256(report.read_bytes()).hexdigest() in str(room.figures(f"值班小结-{DARK}"))

    def test_asked_again_of_a_ledger_that_was_rewritten(self, room: Room, report: Path) -> None:
        """Given a report whose head is not on the chain any more, then that is said, whatever the figures are."""
        with sqlite3.connect(room.settings.root / "ledger.db") as connection:
            for what in ("update", "delete"):
                connection.execute(f"DROP TRIGGER seal_no_{what}")
            connection.execute("DELETE FROM seal WHERE seq = (SELECT max(seq) FROM seal)")
        connection.close()
        code, said = room.run("report", "explain", str(report), "--check")
        assert (code, "台账核对不通过：台账被" in said) == (1, True)


class TestReadme:
    """The exercise that the README sets: a thirteenth kind is one file."""

    def test_adding_a_kind(self, room: Room) -> None:
        # Given: what stands there, put into the contract folder
        section = README.read_text(encoding="utf-8").partition("## Add a kind of report")[2]
        template, steps = re.findall(r"```\w*\n(.*?)```", section, re.DOTALL)[:2]
        room.template("duty", template)
        # When: the steps are taken that stand there, for a week of these days
        for step in steps.splitlines():
            words = step.removeprefix("$ xunjian ").partition("#")[0].replace("2026-W47", WEEK).split()
            file = [str(room.settings.reports_dir / word) if word.endswith(".docx") else word for word in words]
            code, said = room.run(*file)
            assert code == 0, said
        # Then
        stem = f"值班周报-{WEEK}"
        assert room.made() == {f"{stem}.{form}" for form in ("md", "html", "pdf", "docx", "figures.json")}
        shown = {one["query"].partition(" ")[0] for one in room.figures(stem)["figures"]}
        assert {"inspections.expected", "inspections.missed"} <= shown
        text = "".join(one.text for one in Document(str(room.settings.reports_dir / f"{stem}.docx")).paragraphs)
        assert "（待填写）" in text
