"""Which sections of a report people fill in, read from its template without running it."""

from pathlib import Path

import pytest

from tasks.report import TemplateMistakeError
from tasks.report.kinds import kinds, read

HEAD = '{% set kind = "简报" %}{% set title = "简报" %}{% set every = "month" %}'


def notes(folder: Path, text: str) -> tuple[str, ...]:
    file = folder / "brief.md.j2"
    file.write_text(text, encoding="utf-8")
    return read("brief", file).notes


def test_ours() -> None:
    found = kinds()
    assert found["incident"].notes == ("影响范围", "四、原因", "五、处置", "七、改进措施")
    assert found["drill"].notes == ()
    assert {"八、功能优化", "十、问题与建议"} <= set(found["monthly"].notes)
    # The year fills the end of the body with sections of its own.
    assert {"八、功能优化", "十四、问题与建议"} <= set(found["yearly"].notes)
    assert "十、问题与建议" not in found["yearly"].notes


def test_a_template_of_the_contracts_own(tmp_path: Path) -> None:
    """Given one that includes another beside it, then the sections of both; what is in a comment or made up while it is
    written is none."""
    (tmp_path / "_end.md.j2").write_text('{{ m.notes("三、建议") }}', encoding="utf-8")
    text = f"""{HEAD}{{% extends "_base.md.j2" %}}{{% import "_macros.md.j2" as m with context %}}
{{% block body %}}{{{{ m.notes("一、概述") }}}}{{# m.notes("二、变更") #}}{{% set name = "x" %}}{{{{ m.notes(name) }}}}
{{{{ m.strong("四、人员") }}}}{{% include "_end.md.j2" %}}{{% endblock %}}"""
    assert notes(tmp_path, text) == ("一、概述", "三、建议")


def test_a_template_that_extends_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TemplateMistakeError, match=r"没有模板 _none\.md\.j2"):
        notes(tmp_path, HEAD + '{% extends "_none.md.j2" %}')
