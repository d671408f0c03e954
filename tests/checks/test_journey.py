"""Steps: what may be written, and what they say of themselves."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from checks.journey import Count, Expect, Fill, Locator, Step, asserts, secret_names, walk

STEPS: TypeAdapter[list[Step]] = TypeAdapter(list[Step])


def steps(*written: dict[str, Any]) -> list[Step]:
    return STEPS.validate_python(list(written))


NESTED = steps(
    {"goto": "/login"},
    {"fill": {"label": "密码", "secret": "oa.password"}},
    {
        "frame": {
            "name": "main",
            "steps": [{"popup": {"click": {"text": "详情"}, "steps": [{"expect": {"text": "正文"}}]}}],
        }
    },
    {"fill": {"label": "年份", "value": "2026"}},
)


@pytest.mark.parametrize(
    "step",
    [
        {"goto": "/"},
        {"fill": {"label": "a", "value": ""}},
        {"click": {"role": "button", "name": "登录", "exact": True, "nth": -1}},
        {"select": {"css": "select", "option": "全部"}},
        {"press": {"label": "查询"}},
        {"expect": {"text": "待办"}},
        {"expect": {"role": "row", "count": 3}},
        {"expect": {"css": "#n", "number": {"max": 5}}},
        {"download": {"click": {"text": "附件"}, "magic": "ofd"}},
        {"dialog": {"click": {"text": "删除"}, "text": "确定"}},
    ],
)
def test_every_kind_is_known_by_its_key(step: dict[str, Any]) -> None:
    made = steps(step)[0]
    assert type(made).model_fields.keys() == step.keys()


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"click": {}}, "恰好写一种"),
        ({"click": {"text": "a", "css": "b"}}, "恰好写一种"),
        ({"click": {"text": "a", "name": "b"}}, "name 只能与 role"),
        ({"fill": {"label": "a"}}, "value 与 secret"),
        ({"fill": {"label": "a", "value": "b", "secret": "c"}}, "value 与 secret"),
        ({"expect": {}}, "恰好写一项"),
        ({"expect": {"text": "a", "url": "b"}}, "恰好写一项"),
        ({"expect": {"count": 1}}, "要指明元素"),
        ({"expect": {"label": "a", "css": "b", "visible": True}}, "至多写一种"),
        ({"expect": {"css": "a", "count": {"min": 0}}}, "数量要写"),
        ({"frame": {"steps": [{"goto": "/"}]}}, "name 或 css"),
        ({"frame": {"name": "a", "css": "b", "steps": [{"goto": "/"}]}}, "name 或 css"),
        ({"wait": 3}, "union_tag_invalid"),
        ({}, "union_tag_not_found"),
        ({"goto": "/", "click": {"text": "a"}}, "extra_forbidden"),
    ],
)
def test_what_no_step_may_be(step: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        steps(step)


def test_walk_goes_into_frames_and_popups() -> None:
    assert [type(step).__name__ for step in walk(NESTED)] == ["Goto", "Fill", "InFrame", "Popup", "Expect", "Fill"]


def test_secret_names() -> None:
    assert secret_names(NESTED) == ["oa.password"]


@pytest.mark.parametrize(
    ("written", "tells"),
    [
        ([{"goto": "/"}], False),
        ([{"expect": {"status": 200}}], False),
        ([{"expect": {"status": 200}}, {"expect": {"text": "待办"}}], True),
        ([{"download": {"click": {"text": "附件"}}}], True),
        ([{"frame": {"name": "a", "steps": [{"expect": {"text": "b"}}]}}], True),
    ],
)
def test_asserts(written: list[dict[str, Any]], tells: bool) -> None:
    assert asserts(steps(*written)) is tells


@pytest.mark.parametrize(
    ("count", "shown", "holds", "fails"),
    [
        ({"equals": 0}, "0", 0, 1),
        ({"min": 1}, "≥1", 1, 0),
        ({"max": 5}, "≤5", 5, 6),
        ({"min": 1, "max": 5}, "≥1 且 ≤5", 3, 0),
    ],
)
def test_count(count: dict[str, int], shown: str, holds: int, fails: int) -> None:
    # Given
    made = Count.model_validate(count)
    # Then
    assert str(made) == shown
    assert made.holds(holds)
    assert not made.holds(fails)


def test_a_bare_number_is_an_exact_count() -> None:
    step = steps({"expect": {"css": "tr", "count": 3}})[0]
    assert isinstance(step, Expect)
    assert step.expect.count == Count(equals=3, min=None, max=None)
    assert step.expect.fact == "count"


def test_a_locator_says_what_an_operator_would() -> None:
    assert str(Locator(role="button", name="登录")) == "「登录」"
    assert str(Locator(text="附件")) == "「附件」"
    fill = steps({"fill": {"label": "密码", "secret": "oa.password"}})[0]
    assert isinstance(fill, Fill)
    assert str(fill.fill) == "「密码」"
