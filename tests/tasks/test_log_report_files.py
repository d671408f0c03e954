"""The 日志分析报告 as it is read: what was not read never reads as fine, and texts of logs stand for themselves."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from markdown_it import MarkdownIt
from report_desk import cover, figure

from checks.finding import State
from checks.log_month import ItemLine, KindLine, LogMonth, SourceLine, UnreadLine, VerdictLine
from checks.number import Number
from checks.report_lines import NoteLine
from tasks.report import Format, render

NOON = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
HOSTILE = ["a | b", "{{ 7*7 }}{% raw %}", "<script>alert(1)</script>", "![p](http://evil.example/p.png)", "**b** `c`"]
NONE = Number(0, "logs.none")


def source(**over: Any) -> SourceLine:
    plain: dict[str, Any] = {
        "host": "oa-app-01", "source": "系统日志", "errors": figure(4), "errors_before": figure(3),
        "warnings": figure(9), "warnings_before": None, "new": figure(1), "rows": ("row 1",),
    }  # fmt: skip
    return SourceLine(**plain | over)


def kind(text: str, *, new: bool = False, before: Number | None = None) -> KindLine:
    return KindLine(
        host="oa-app-01", source="系统日志", level="错误", text=text, found=figure(7), before=before, more=before,
        new=new,
    )  # fmt: skip


def month(**over: Any) -> LogMonth:
    """Nothing was due, `over` that."""
    plain: dict[str, Any] = {
        "due": NONE, "read": NONE, "sources": (), "kinds": (), "more_kinds": NONE, "more_lines": NONE, "security": (),
        "verdicts": (), "unread": (),
    }  # fmt: skip
    return LogMonth(**plain | over)


def security(**over: Any) -> ItemLine:
    states = dict.fromkeys(("ok", "warn", "crit", "unknown", "not_done"), NONE)
    return ItemLine(**{"item": "OS18 内核错误", **states, **over})


def whole(*texts: str) -> LogMonth:
    """Something everywhere."""
    return month(
        due=figure(8), read=figure(7), sources=(source(),),
        kinds=(*(kind(text, new=True) for text in texts), *(kind(text, before=figure(2)) for text in texts)),
        more_kinds=figure(3), more_lines=figure(40), security=(security(crit=figure(1)),),
        verdicts=tuple(
            VerdictLine(host="oa-db-01", item="OS18 内核错误", state=State.CRIT, summary=text, at=NOON)
            for text in texts
        ),
        unread=tuple(UnreadLine(host="oa-db-01", what=text, why="漏检", times=figure(2)) for text in texts),
    )  # fmt: skip


def make(report: LogMonth, folder: Path, form: Format, notes: tuple[NoteLine, ...] = ()) -> Path:
    def ask(name: str, **about: object) -> object:
        return notes if name == "notes" else report

    [path] = render("logs", cover("2026-11", date(2026, 11, 1), date(2026, 11, 30)), ask, [form], folder, folder)
    return path


def said(report: LogMonth, folder: Path, *notes: NoteLine) -> str:
    text = make(report, folder, Format.ARTIFACT, notes).read_text(encoding="utf-8")
    return "".join(
        one.content for token in MarkdownIt("commonmark").enable("table").parse(text) for one in token.children or ()
    )


def test_sections_and_numbers(tmp_path: Path) -> None:
    path = make(whole("连接失败"), tmp_path, Format.DOCX)
    assert path.name == "日志分析报告-2026-11.docx"
    headings = [one.text for one in Document(str(path)).paragraphs if one.style and one.style.name == "Heading 1"]
    assert headings == ["一、概述", "二、错误与警告", "三、安全相关的记录", "四、分析结论", "附：没有取得的日志"]
    text = said(whole("连接失败"), tmp_path)
    assert "本期应读取 8 台次，读到 7 台次。共有错误 4 条，警告 9 条，新出现 1 类。" in text
    assert "安全与内核的项目不正常或未取得 1 次" in text
    assert "有日志没有取得或不全" in text
    assert "另有 3 类没有列出；没有列出和没有归类的共 40 条。" in text
    assert "（待填写）" in text


def test_conclusions_are_those_of_people(tmp_path: Path) -> None:
    text = said(whole("连接失败"), tmp_path, NoteLine(text="连接池偏小，已调大", who="值班员甲", at=NOON))
    assert "连接池偏小，已调大（值班员甲，2026年11月16日）" in text
    assert "（待填写）" not in text


def test_a_month_in_which_nothing_was_read_never_reads_as_fine(tmp_path: Path) -> None:
    unread = UnreadLine(host="oa-db-01", what="全部日志", why="漏检", times=figure(4))
    text = said(month(due=figure(4), security=(security(not_done=figure(4)),), unread=(unread,)), tmp_path)
    assert "读到 0 台次。本期没有读到任何日志，本报告不能说明有无错误" in text
    assert "无从判断有无错误和警告" in text
    assert "都正常" not in text
    assert "没有新出现" not in text
    assert "全部读到" not in text


def test_a_month_in_which_nothing_is_due_says_so(tmp_path: Path) -> None:
    text = said(month(), tmp_path)
    assert "本期没有应读取日志的主机巡检" in text
    assert "都正常" not in text
    assert "全部读到" not in text


def test_a_good_month_says_what_was_read(tmp_path: Path) -> None:
    lines = source(errors=NONE, warnings=NONE, new=NONE)
    text = said(month(due=figure(4), read=figure(4), sources=(lines,), security=(security(ok=figure(4)),)), tmp_path)
    assert "没有新出现的错误和警告" in text
    assert "看过的都正常" in text
    assert "应读取的日志全部读到" in text


@pytest.mark.parametrize("form", [Format.ARTIFACT, Format.HTML])
def test_texts_of_logs_stand_for_themselves(tmp_path: Path, form: Format) -> None:
    path = make(whole(*HOSTILE), tmp_path, form)
    if form is Format.ARTIFACT:
        text = said(whole(*HOSTILE), tmp_path)
        assert all(text.count(one) >= 4 for one in HOSTILE)
    page = path.read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "<img" not in page
