"""A contract's own templates: what they must not do ends in a sentence with file and line, and leaves no file."""

import os
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from checks.number import Number, count
from checks.report_cover import Cover
from checks.report_lines import ReportLine
from checks.secrecy import Grade
from tasks.report import Format, ReportError, render
from tasks.report.media import Thumbnails
from tasks.report.sheet import Page, environment

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TOP = """{% extends "_base.md.j2" %}
{% import "_macros.md.j2" as m with context %}
{% set kind = "周报" %}{% set title = "周报" %}{% set every = "week" %}
{% block body %}
"""
AT = TOP.count("\n") + 1  # the line on which what a test writes begins


class Line(ReportLine):
    name: str
    days: int
    found: Number


LINE = Line(name="甲", days=3, found=count("lines", ["slot a", "slot b"]), rows=("slot a",))


def cover(**over: Any) -> Cover:
    plain = Cover(
        name="2026-W47", first=date(2026, 11, 16), last=date(2026, 11, 22), as_of=NOON, contract="运行维护服务合同",
        client="某某中心", contractor="某某公司", grade=Grade.MEDIUM, head="58:" + "7dc2" * 16, calendar_version="1",
        contract_hash="c0ffee" * 10, contract_since=NOON, code_version="0.1.0",
    )  # fmt: skip
    return plain.model_copy(update=over)


class Asked:
    """Answers one question, and notes that it was asked."""

    def __init__(self, answer: Any = (LINE,)) -> None:
        self.answer, self.names = answer, list[str]()

    def __call__(self, name: str, **about: Any) -> Any:
        self.names.append(name)
        return self.answer


Written = Callable[..., str]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Renders a template of the contract's own."""
    theirs = tmp_path / "contract/templates"
    theirs.mkdir(parents=True)
    (tmp_path / "contract/contract.yaml").write_text("name: 合同")
    (tmp_path / "secret.md.j2").write_text("不可外传")

    def write(body: str, *, top: str = TOP, ask: Any = None, page: Cover | None = None, **others: str) -> str:
        (theirs / "weekly.md.j2").write_text(top + body + ("\n{% endblock %}" if top else ""), encoding="utf-8")
        for name, text in others.items():
            (theirs / f"{name}.md.j2").write_text(text, encoding="utf-8")
        return Page(environment(theirs), "weekly", page or cover(), ask or Asked(), Thumbnails(tmp_path, 0)).text

    return write


def refused(written: Written, body: str, **others: Any) -> str:
    """What is said; it takes little time and room."""
    began = time.thread_time()
    with pytest.raises(ReportError) as caught:
        written(body, **others)
    assert time.thread_time() - began < 20
    return str(caught.value).removeprefix("报告模板出错：")


def test_a_moment_is_printed_in_the_contracts_zone_whatever_zone_a_query_gives(written: Written) -> None:
    """Given the last minutes of a day in UTC, and a contract in Beijing, where it is the next day already."""
    late, here = datetime(2026, 11, 22, 23, 5, 9, tzinfo=UTC), timezone(timedelta(hours=8))
    printed = ["instant", "minute", "second", "moment", "clock", "date", "weekday"]
    body = '{% set at = ask("x") %}' + "，".join(f"{{{{ at|{name} }}}}" for name in printed)
    text = written(body, ask=Asked(late), page=cover(as_of=NOON.astimezone(here))).replace("\\", "")
    assert "2026-11-23 07:05:09，2026-11-23 07:05，11-23 07:05:09，11-23 07:05，07:05，2026年11月23日，星期一" in text
    assert "2026年11月22日" in written('{{ ask("x")|date }}', ask=Asked(late.date()))
    assert "没有写明时区" in refused(written, '{{ ask("x")|minute }}', ask=Asked(late.replace(tzinfo=None)))


def test_a_template_of_their_own_goes_before_ours(written: Written) -> None:
    text = written('{% for line in ask("x") %}{{ line.name ~ "：" ~ line.found }} {{ line.rows|length }}{% endfor %}')
    assert "甲：2 1" in text
    assert "密级" in text  # the base is ours


@pytest.mark.parametrize(
    ("body", "told"),
    [
        # mistakes
        ("{{ nothing }}", "没有 nothing 这个名称"),
        ("{{ cover.nmae }}", "Cover 里没有 nmae"),
        ('{{ ask("x")[0].nmae }}', "Line 里没有 nmae"),
        ("{{ m.tabel() }}", "没有 tabel"),
        ("{{ m.row(cover.nmae) }}", "Cover 里没有 nmae"),
        ("{{ none }}", "要印一个不存在的值（None）"),
        ('{{ none ~ "x" }}', "要印一个不存在的值（None）"),
        ("{{ 5 }}", "没有出处的数 5"),
        ('{{ ask("x")[0].days }}', "没有出处的数 3"),
        ('{{ ask("x")[0].days ~ " 天" }}', "没有出处的数 3"),
        ('{{ ask("x")[0].found.value ~ " 天" }}', "没有出处的数 2"),
        ('{{ "%s 天"|format(ask("x")[0].days) }}', "没有出处的数 3"),
        ('{{ [ask("x")[0].days]|join }}', "没有出处的数 3"),
        ("{{ [1] }}", "要印的 list 不是文字"),
        ("{{ 1 == 1 }}", "要印一个真假值"),
        ("{{ ask }}", "不是文字"),
        ("{{ cover }}", "要印的 Cover 不是文字"),
        ("{{ 1 // 0 }}", "ZeroDivisionError"),
        ("{{ cover.first|clock|nofilter }}", "没有 nofilter 这个 filter，或报告里不许用"),
        ("{{ 1 + }}", "多了"),
        ("{% if 1 %}", "还没有结束"),
        ("{% for x in [] %}{% endif %}", "{% for %} 还没有结束"),
        ("{% foo %}", "不认识 {% foo %}"),
        ("{{ (1 }}", "多了"),
        # what lies outside
        ('{{ "".__class__.__mro__ }}', "不许用 str 的 __class__"),
        ("{{ cover.__init__.__globals__ }}", "不许用 Cover 的 __init__"),
        ("{{ ask.__self__ }}", "function 里没有 __self__"),
        ("{{ ask.__globals__ }}", "不许用 function 的 __globals__"),
        ("{{ picture.__closure__ }}", "不许用 function 的 __closure__"),
        ('{{ ""["__class__"] }}', "不许用 str 的 __class__"),
        ('{{ ""|attr("__class__") }}', "没有 attr 这个 filter"),
        ('{{ [""]|map(attribute="__class__")|join }}', "不许用 str 的 __class__"),
        ('{{ [cover]|map("attr", "__init__")|list }}', "attr"),
        ('{{ cover.parse_file("/etc/passwd") }}', "不许用 Cover 的 parse_file"),
        ("{{ cover.model_construct() }}", "不许用 Cover 的 model_construct"),
        ('{{ cover.model_copy(update={"name": "x"}) }}', "不许用 Cover 的 model_copy"),
        ("{{ m._body_stream }}", "不许用 TemplateModule 的 _body_stream"),
        ("{{ self._TemplateReference__context }}", "不许用 TemplateReference"),
        ("{{ m.row._func }}", "不许用 Macro 的 _func"),
        ("{{ cover.as_of.now() }}", "不许用 datetime 的 now"),
        ("{{ cover.as_of.astimezone() }}", "不许用 datetime 的 astimezone"),
        ('{{ "{0.__class__}".format(cover) }}', "不许用 str 的 format"),
        ('{{ "{x.__class__}".format_map({"x": cover}) }}', "不许用 str 的 format_map"),
        ('{{ "%s%s"|format(cover.name) }}', "对不上"),
        ('{{ "%(a)s"|format(cover.name) }}', "对不上"),
        ('{{ "%99999999999d"|format(1) }}', "对不上"),
        ('{{ "%s" % cover }}', "不许用 %"),
        ("{{ lipsum(n=3) }}", "没有 lipsum 这个名称"),
        ("{{ cycler.__init__.__globals__ }}", "没有 cycler 这个名称"),
        ("{{ namespace.__init__ }}", "不许用 type 的 __init__"),
        ("{{ dict.mro() }}", "不许用 type 的 mro"),
        ("{{ picture(namespace(path='../secret.md.j2', sha256='', grade=1)).trouble }}", "不是图"),
        ('{% include "/etc/passwd" %}', "没有模板 /etc/passwd"),
        ('{% include "../contract.yaml" %}', "没有模板 ../contract.yaml"),
        ('{% include "../../secret.md.j2" %}', "没有模板 ../../secret.md.j2"),
        ('{% import "/etc/passwd" as p %}', "没有模板 /etc/passwd"),
        ('{% from "../contract.yaml" import p %}', "没有模板 ../contract.yaml"),
        ('{% include ["/etc/passwd", "../contract.yaml"] %}', "没有模板"),
        ('{% include "report.css" %}', "没有模板 report.css"),
        # without end
        ("{{ range(10**12) }}", "不许用 **"),
        ("{% for i in range(1000000000000) %}x{% endfor %}", "range 最多"),
        ("{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}", "没有尽头"),
        ("{% set l = [1] %}{% for i in l %}{% do l.append(i) %}{% endfor %}", "没有尽头"),
        ("{% macro f(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}", "没完没了"),
        ("{% macro f(n) %}{% if n %}{{ f(n[1:]) }}{{ f(n[1:]) }}{% endif %}{% endmacro %}{{ f('x' ~ 'y'|upper ~"
         " 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa') }}", "没有尽头"),
        ("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "没完没了"),
        ("{{ self.body() }}", "没完没了"),
        ('{{ "a" * 10000000000 }}', "不许把文字或列表乘以几"),
        ("{{ 10000000000 * [1] }}", "不许把文字或列表乘以几"),
        ('{{ "a".ljust(10000000000) }}', "不许用 str 的 ljust"),
        ('{{ "a"|center(10000000000) }}', "没有 center 这个 filter"),
        ('{{ ask("x")|sum(attribute="days") }}', "sum 只加有出处的数"),
        ('{{ ask("x")|sum(attribute="__class__") }}', "sum 只加有出处的数"),
        ("{{ [1]|batch(10000000000, 1)|list }}", "batch"),
        ("{% set n = namespace(s='aaaaaaaa') %}{% for i in range(60) %}{% set n.s = n.s ~ n.s %}{% endfor %}", "太长"),
        ("{% set n = namespace(s='aaaaaaaa') %}{% for i in range(60) %}{% set n.s = n.s + n.s %}{% endfor %}", "太长"),
        ("{% set n = namespace(s=[1]) %}{% for i in range(60) %}{% set n.s = n.s + n.s %}{% endfor %}", "太长"),
        ("{% set n = namespace(s='aa') %}{% for i in range(60) %}{% set n.s = n.s|replace('a', n.s) %}{% endfor %}",
         "太长"),
        ("{% set n = namespace(s=9) %}{% for i in range(60) %}{% set n.s = n.s * n.s %}{% endfor %}", "数太大"),
        ("{% set s %}" + "x" * 900_000 + "{% endset %}{% for i in range(9999) %}{{ s }}{% endfor %}", "太长"),
        ("{% for i in range(9999) %}" + "x" * 900_000 + "{% endfor %}", "太长"),
        # to compare two such lists, or to hash one, would take years, in a single step
        ("{% set n = namespace(s=[1], t=[1]) %}{% for i in range(60) %}{% set n.s = [n.s, n.s] %}"
         "{% set n.t = [n.t, n.t] %}{% endfor %}{% if n.s == n.t %}{% endif %}", "列表太长"),
        ("{% set n = namespace(s=(1,)) %}{% for i in range(60) %}{% set n.s = (n.s, n.s) %}{% endfor %}"
         "{% set d = {n.s: 1} %}", "列表太长"),
        ("{% set n = namespace(s=[1]) %}{% for i in range(60) %}{% set a = [] %}{% do a.append(n.s) %}"
         "{% do a.append(n.s) %}{% set n.s = a %}{% endfor %}", "列表太长"),
        ("{% set n = namespace(s=[1]) %}{% for i in range(60) %}{% set n.s = n.s|batch(2, n.s)|list %}{% endfor %}",
         "列表太长"),
        ("{% set n = namespace(s=[1]) %}{% for i in range(9) %}{% set n.s = range(9999)|map(attribute='x', "
         "default=n.s)|sort %}{% endfor %}", "列表太长"),
        ("{% set d = dict() %}{% do d.update(a=d) %}{% do d.update(b=d) %}", "列表太长"),
        # kept for nothing
        ("{% set n = namespace(s='aa') %}{% for i in range(22) %}{% set n.s = n.s ~ n.s %}{% endfor %}"
         + "".join(f"{{% set v{i} = n.s[1:] %}}" for i in range(99)), "太长"),
        ("{% set n = namespace(s='a ') %}{% for i in range(19) %}{% set n.s = n.s ~ n.s %}{% endfor %}"
         "{% set v = n.s.split() %}", "列表太长"),
    ],
)  # fmt: skip
def test_what_a_template_must_not_do_is_said_with_file_and_line(written: Written, body: str, told: str) -> None:
    said = refused(written, "\n" + body)
    assert told in said, said
    assert f"weekly.md.j2 第 {AT + 1} 行" in said or f"weekly.md.j2 第 {AT + 2} 行" in said  # where what is open ends


@pytest.mark.parametrize(
    "body",
    [
        "![x](http://198.51.100.1/x.png)",
        "![x](/etc/hostname)",
        "![x](../secret.md.j2)",
        "![x][1]\n\n[1]: http://198.51.100.1/x.png",
        "\\\\![x](/etc/hostname)",
        "{{ m.strong('x') }}![x](1.jpg)",
        '<img src="http://198.51.100.1/x.png">',
        "<http://198.51.100.1/>",
        "<!-- x -->",
        "<script>x</script>",
        "![" * 300_000,  # looked at once
        "![](" * 200_000,
    ],
)
def test_a_template_reaches_no_file_and_no_address_through_pandoc(written: Written, body: str) -> None:
    assert "模板不许引用别处的图、文件和网址，也不能写 HTML" in refused(written, body)


def test_what_looks_like_a_picture_in_a_name_or_in_code_is_none(written: Written) -> None:
    line = LINE.model_copy(update={"name": "\\![x](/etc/x) <b>"})
    text = written('{% set l = ask("x")[0] %}{{ l.name }} {{ "看 `![x](y) <b>`"|commands }}', ask=Asked((line,)))
    assert "`![x](y) <b>`" in text


def test_nothing_is_asked_for_where_the_template_cannot_be_read(written: Written) -> None:
    ask = Asked()
    refused(written, '{{ ask("x") }}{% if %}', ask=ask)
    assert ask.names == []


@pytest.mark.parametrize("mistake", ["{% if %}", "{{ nothing }}", "{{ ''.__class__ }}", "{% include '../x' %}"])
def test_no_file_is_left_behind_or_touched(tmp_path: Path, mistake: str) -> None:
    """Given a report that is there, when the template is changed for the worse, then the report stays as it was."""
    theirs, out = tmp_path / "templates", tmp_path / "out"
    theirs.mkdir()

    def write(body: str) -> None:
        (theirs / "weekly.md.j2").write_text(f"{TOP}{body}{{% endblock %}}", encoding="utf-8")
        render("weekly", cover(), Asked(), [Format.ARTIFACT, Format.DOCX], out, tmp_path, theirs=theirs)

    write("正文")
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    assert set(before) == {"周报-2026-W47.md", "周报-2026-W47.docx", "周报-2026-W47.figures.json"}
    with pytest.raises(ReportError, match="报告模板出错：weekly"):
        write(f"正文改了{mistake}")
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before


def test_what_a_killed_process_left_goes_with_a_later_report(tmp_path: Path) -> None:
    """Wherever the report is written: folders that somebody named are in no list of the service's."""
    out, theirs = tmp_path / "out", tmp_path / "templates"
    (theirs).mkdir()
    (theirs / "weekly.md.j2").write_text(f"{TOP}正文{{% endblock %}}", encoding="utf-8")
    for name in (".report-old", ".report-new", "report-x"):
        (out / name).mkdir(parents=True)
        (out / name / "html").write_text("x")
    for name in (".report-old", "report-x"):
        os.utime(out / name, (0, 0))
    render("weekly", cover(), Asked(), [Format.ARTIFACT], out, tmp_path, theirs=theirs)
    assert {file.name for file in out.iterdir() if file.is_dir()} == {".report-new", "report-x"}


def test_the_file_of_the_mistake_is_named(written: Written) -> None:
    """In an included template, in an extended one, in a macro of ours, in one that does not parse."""
    assert refused(written, '\n{% include "part.md.j2" %}', part="一\n二\n{{ nothing }}").startswith(
        "part.md.j2 第 3 行：没有 nothing"
    )
    assert refused(written, "", top="", weekly='{% extends "mine.md.j2" %}', mine="\n\n{{ x }}").startswith("mine.md")
    said = refused(written, "\n\n{{ m.row(none) }}")
    assert said.startswith("_macros.md.j2 第 ")
    assert f"（用在 weekly.md.j2 第 {AT + 2} 行）" in said
    assert refused(written, '{% import "own.md.j2" as o %}\n', own="\n{% macro x() %}\n{{").startswith(
        "own.md.j2 第 3 行"
    )


@pytest.mark.parametrize("kind", ["../../x", "a/b", "", "a b", "x\\n"])
def test_a_kind_is_a_plain_part_of_a_files_name(written: Written, kind: str) -> None:
    top = TOP.replace('kind = "周报"', f'kind = "{kind}"')
    assert "kind 是文件名的一部分" in refused(written, "", top=top)


def test_a_template_that_includes_itself(written: Written) -> None:
    assert "宏或模板没完没了地用到自己" in refused(written, '{% include "weekly.md.j2" %}')


def test_lists_texts_and_blocks_are_what_they_are(written: Written) -> None:
    """That what is kept is counted changes nothing of it."""
    text = written(
        "{% filter upper|lower %}Abc{% endfilter %}{% set a, b = 'x', ['yz'] %}{{ a ~ b[0][1:] }}"
        "{% for k, v in {'q': ('r', 's')}|items %}{{ k ~ v[1] }}{% endfor %}{% include ['none.md.j2', 'part.md.j2'] %}",
        part="{{ [('t', 1)]|map('first')|join }}",
    )
    assert text.endswith("abcxzqst\n")


def test_templates_that_are_links_files_of_another_kind_or_too_large(written: Written, tmp_path: Path) -> None:
    theirs = tmp_path / "contract/templates"
    (theirs / "link.md.j2").symlink_to(tmp_path / "secret.md.j2")
    assert "link.md.j2 是指向别处的链接" in refused(written, '{% include "link.md.j2" %}')
    os.mkfifo(theirs / "fifo.md.j2")
    assert "没有模板 fifo.md.j2" in refused(written, '{% include "fifo.md.j2" %}')
    (theirs / "latin.md.j2").write_bytes("é".encode("latin-1"))
    assert "latin.md.j2 不是 UTF-8" in refused(written, '{% include "latin.md.j2" %}')
    assert "上限 1024 KB" in refused(written, "x" * 2**20)


def test_loops_in_loops_without_end(written: Written) -> None:
    assert "语句嵌套太深" in refused(written, "{% for i in [1] %}" * 25 + "{% endfor %}" * 25)
