"""What a template says of itself: a kind that does not, or that cannot be called so, is named with its file."""

from pathlib import Path

import pytest

from tasks.report import ReportError
from tasks.report.kinds import kinds

WHOLE = '{% set kind = "值班周报" %}{% set title = "值班周报" %}{% set every = "week" %}'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ 1 }}", "要用 set 写明 kind、title、every"),
        ('{% set kind, title = "x", "y" %}', "要用 set 写明"),
        ('{% set kind = "x" %}{% set title = "x" %}{% set every = "hour" %}', "every 写"),
        ("\n{% if %}", "weekly.md.j2 第 2 行"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "weekly.md.j2：.*括号、语句嵌套太深"),
        ("{{ 1" + "+1" * 20_000 + " }}", "嵌套太深"),
        ("{{ 1|nofilter }}", "set"),
    ],
)
def test_a_kind_that_does_not_say_what_it_is(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "weekly.md.j2").write_text(text, encoding="utf-8")
    with pytest.raises(ReportError, match=told):
        kinds(tmp_path)


@pytest.mark.parametrize("name", ["值班", "Duty", "duty_2", "duty 2", "duty.old"])
def test_a_kind_whose_file_is_called_as_no_page_in_the_ui_can_be(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.md.j2").write_text(WHOLE, encoding="utf-8")
    with pytest.raises(ReportError, match=f"文件名 {name}.md.j2 不对：只用小写字母、数字和连字号"):
        kinds(tmp_path)


def test_a_kind_that_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("不可外传")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/own.md.j2").symlink_to(tmp_path / "secret")
    with pytest.raises(ReportError, match=r"own\.md\.j2 是指向别处的链接") as caught:
        kinds(tmp_path / "templates")
    assert "不可外传" not in str(caught.value)
