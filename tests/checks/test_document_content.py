"""DOC02 and DOC04: whether all that a document must have is there, and what typos cost."""

from decimal import Decimal
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.document_content import (
    HEADINGS,
    DocumentText,
    Part,
    completeness,
    heading_level,
    names,
    typo_points,
    typos,
    with_headings,
)
from checks.finding import Reason, State


def document(*lines: str | tuple[str, int] | tuple[tuple[str, ...], ...]) -> DocumentText:
    """Paragraphs; headings with their level; tables."""
    parts = []
    for one in lines:
        if isinstance(one, str):
            parts.append(Part(paragraph=one))
        elif isinstance(one[0], str):
            parts.append(Part(heading=one[0], level=one[1]))  # type: ignore[arg-type]
        else:
            parts.append(Part(table=one))  # type: ignore[arg-type]
    return with_headings(parts)


def report(*headings: str, body: str = "无") -> DocumentText:
    return document(*(line for heading in headings for line in (heading, body)))


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("第一章 总则", 1),
        ("第3部分 巡检", 1),
        ("一、概述", 2),
        ("十一、下期计划", 2),
        ("（一）页面巡检", 3),
        ("(二) 主机巡检", 3),
        ("1. 概述", 4),
        ("1、概述", 4),
        ("1.2 巡检情况", 4),
        ("（1）其中", 5),
        ("概述", 0),
        ("一、本周完成巡检 3 次，没有发现异常。", 0),
        ("一、概述..............3", 0),
        ("一、概述……………… 3", 0),
        ("2026年11月", 0),
        ("一", 0),
        ("", 0),
    ],
)
def test_headings_are_known_by_their_look(line: str, level: int) -> None:
    assert heading_level(line) == level


@pytest.mark.parametrize(
    ("heading", "wanted", "same"),
    [
        ("一、概述", "概述", True),
        ("1. 概 述", "概述", True),
        ("（一）工作概述：", "概述", True),
        ("二、服务器巡检（主机×项目）", "服务器巡检", True),
        ("四、故障与事件", "事件与故障", True),
        ("原因分析", "原因", True),
        ("第二章　备份与恢复情况", "备份与恢复", True),
        ("备份情况", "备份与恢复", False),
        ("概况", "概述", False),
    ],
)
def test_a_heading_may_be_numbered_and_say_more(heading: str, wanted: str, same: bool) -> None:
    assert names(heading, wanted) is same


@pytest.mark.parametrize("kind", HEADINGS)
def test_a_document_with_all_its_headings_is_complete(kind: str) -> None:
    wanted = HEADINGS[kind]
    numbered = [f"{'一二三四五六七八九十'[number % 10]}、{name}" for number, name in enumerate(wanted)]
    assert completeness(report(*numbered), wanted).state is State.OK


def test_what_is_missing_is_named_with_what_it_costs() -> None:
    # Given a weekly report without two of its headings
    text = report("一、本周概述", "二、服务器巡检", "三、事件与请求", "四、下周计划")
    # When
    found = completeness(text, HEADINGS["weekly"])
    # Then
    assert found.state is State.WARN
    assert "不全 2 个（没有：变更、备份）" in found.summary
    assert "可扣 1.0 分" in found.summary


def test_an_empty_section_is_not_there_but_one_that_says_none_is() -> None:
    text = document("一、概述", "二、变更", "无", "三、备份", (("备份", "结果"), ("OA", "正常")))
    found = completeness(text, ["概述", "变更", "备份"])
    assert "不全 1 个（没有内容：概述）" in found.summary


def test_a_section_holds_what_stands_under_its_own_headings() -> None:
    text = document(("概述", 1), ("系统", 2), "三个系统。", ("变更", 1), ("系统变更", 2), ("备份", 1), "——")
    assert "没有内容：变更" in completeness(text, ["概述", "变更", "备份"]).summary


@pytest.mark.parametrize("left", ["（待填写）", "影响范围：（待填写）", "【待补充】", "TODO"])
def test_what_a_template_leaves_to_be_written_is_not_written(left: str) -> None:
    found = completeness(document("一、原因", left, "二、处置", "换了硬盘"), ["原因", "处置"])
    assert "有待填写的：原因" in found.summary


@pytest.mark.parametrize("said", ["没有看到 oa/todo", "页面 todo 正常", "mobile/TODO 打开要 3 秒"])
def test_a_page_may_be_called_as_what_is_to_be_done(said: str) -> None:
    assert completeness(document("一、原因", said), ["原因"]).state is State.OK


def test_items_of_a_list_are_content() -> None:
    text = document("一、处置", "1. 重启服务", "2. 更换硬盘", "二、原因", "（1）老化")
    assert completeness(text, ["处置", "原因"]).state is State.OK
    assert text.headings == ["一、处置", "二、原因"]


def test_a_table_of_contents_is_not_the_document() -> None:
    text = document("一、概述........1", "二、变更........2", "一、概述", "正文")
    assert "没有：变更" in completeness(text, ["概述", "变更"]).summary


def test_a_kind_without_headings_is_left_to_a_person() -> None:
    found = completeness(report("一、概述"), [])
    assert (found.state, found.reason) == (State.UNKNOWN, Reason.MANUAL)


@given(
    st.lists(st.sampled_from([*HEADINGS["monthly"], "其他", ""]), max_size=20),
    st.sampled_from(["", "无", "（待填写）"]),
)
def test_each_wanted_heading_counts_once(found: list[str], body: str) -> None:
    text = document(*(line for name in found for line in ((f"第一章 {name}", 1) if name else body, body) if line))
    absent = [name for name in HEADINGS["monthly"] if name not in found]
    verdict = completeness(text, HEADINGS["monthly"])
    assert (verdict.state is State.OK) == (not absent and body == "无")
    assert all(name in verdict.summary for name in absent)


@given(st.text(max_size=200))
def test_any_line_may_stand_in_a_document(line: str) -> None:
    completeness(document("一、概述", line or "x"), ["概述"])


@given(st.integers(0, 500))
def test_typos_cost_half_a_point_for_every_five_begun(number: int) -> None:
    assert typo_points(number) == Decimal(ceil(number / 5)) / 2


def test_typos_are_counted_by_a_person() -> None:
    assert (typos(None).state, typos(None).reason) == (State.UNKNOWN, Reason.MANUAL)
    assert typos(0).state is State.OK
    assert typos(6).summary == "人工检查有错别字 6 处，期望 0 处，可扣 1.0 分"
    with pytest.raises(ValueError, match="-1"):
        typo_points(-1)
