"""What people say in a report: which section is meant, what is refused, what a correction names."""

from datetime import UTC, datetime

import pytest

from checks.entries import Who
from checks.records import Event, EventRecord
from checks.report_notes import LONGEST, REPORT_NOTE, entry, section_of
from checks.slots import RequestError

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
SECTIONS = ("影响范围", "四、原因", "五、处置")
REPORT = "incident/G-2026-0001"


def by(name: str = "驻场工程师") -> Who:
    return Who(name, "填写报告", "cli:duty")


def said(text: str, known: list[EventRecord] | None = None, corrects: int = 0, who: str = "驻场工程师") -> Event:
    return entry(REPORT, "四、原因", text, by(who), known or [], NOW, corrects)


def on_record(number: int, corrects: int | None = None, report: str = REPORT) -> EventRecord:
    event = entry(report, "四、原因", "连接数用尽", by(), [], NOW).model_copy(update={"corrects": corrects})
    return EventRecord(id=number, entered_at=NOW, **event.model_dump())


@pytest.mark.parametrize(
    ("asked", "meant"),
    [("四、原因", "四、原因"), ("原因", "四、原因"), (" 四、 原因", "四、原因"), ("影响范围", "影响范围")],
)
def test_a_section_by_its_heading_or_its_words(asked: str, meant: str) -> None:
    assert section_of(SECTIONS, asked) == meant


@pytest.mark.parametrize(
    ("sections", "asked", "why"),
    [
        (SECTIONS, "三、时间线", "可填：影响范围，四、原因"),
        (SECTIONS, "", "没有“”"),
        ((), "四、原因", "没有由人填写的节"),
    ],
)
def test_a_section_that_is_not_for_people(sections: tuple[str, ...], asked: str, why: str) -> None:
    with pytest.raises(RequestError, match=why):
        section_of(sections, asked)


def test_what_is_said_stands_as_it_was_said() -> None:
    # Given: paragraphs, Markdown and Jinja syntax, a number
    event = said("\r\n 连接数用尽 \n\n上限 {{ 7*7 }} | **200**  \r\n")
    # Then
    assert (event.kind, event.subject, event.who, event.corrects) == (REPORT_NOTE, REPORT, "驻场工程师", None)
    assert event.body == {"section": "四、原因", "text": "连接数用尽\n上限 {{ 7*7 }} | **200**"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (" \n　", "没有写内容"),
        ("因" * (LONGEST + 1), "有 2001 字，最多 2000 字"),
        ("原\u202e因", "第 2 个字.*U\\+202E"),
        ("原\x00因", "U\\+0000"),
        ("原因\ue000", "第 3 个字.*U\\+E000"),
        ("原\t因", "U\\+0009"),
    ],
)
def test_what_nobody_can_read_is_refused(text: str, why: str) -> None:
    with pytest.raises(RequestError, match=why):
        said(text)
    assert said("因" * LONGEST).body["text"] == "因" * LONGEST


def test_somebody_says_it() -> None:
    with pytest.raises(RequestError, match="操作人"):
        said("x", who=" ")
    for name in ("王\u202e工", "王\n工"):
        with pytest.raises(RequestError, match="操作人的第 2 个字是看不见的控制字符"):
            said("x", who=name)


def test_a_correction_names_what_stands_in_the_same_report() -> None:
    known = [on_record(7), on_record(8, corrects=7), on_record(9, report="incident/G-2026-0002")]
    assert said("磁盘写满", known, corrects=8).corrects == 8
    for wrong in (7, 9, 10):
        with pytest.raises(RequestError, match=f"没有可更正的第 {wrong} 号事件；可更正：8"):
            said("磁盘写满", known, corrects=wrong)
    with pytest.raises(RequestError, match="还没有填写过"):
        said("磁盘写满", corrects=1)
