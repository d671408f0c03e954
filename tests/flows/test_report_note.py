"""What people enter for a report: it stands in the report, by whom, and a correction replaces it. Real ledger, real
pandoc and Chromium."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from command import xunjian
from docx import Document
from report_desk import sourced

from checks.entries import Who
from checks.incidents import INCIDENT, Step
from checks.report_notes import REPORT_NOTE
from checks.slots import RequestError
from flows import incident_desk
from flows.incident_drafts import draft_missing
from flows.office import Office, now
from flows.report_desk import REPORT, named_of
from flows.report_files import build, kind_of
from flows.report_note import ReportNote, enter, report_note
from tasks.report import Format
from tasks.report.sheet import OURS
from tasks.settings import Settings

BY = Who("驻场工程师", "按流程登记", "cli:duty")
HOSTILE = "<b>x</b> {{ 7*7 }} | [a](b) *c*"


@pytest.fixture
def office(tmp_path: Path, helpers: Any, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A machine with one system, whose settings are in the environment, as flows have them."""
    journey = {"id": "home", "title": "首页", "steps": [{"goto": "/"}, {"expect": {"text": "登录"}}]}
    helpers.write_contract(tmp_path / "contract", {"id": "oa", "url": "https://127.0.0.1:1", "journeys": [journey]})
    monkeypatch.setenv("XUNJIAN_HOME", f"{tmp_path}/var")
    monkeypatch.setenv("XUNJIAN_CONTRACT", f"{tmp_path}/contract")
    return Office(Settings())


def incident(office: Office, *, cleared: bool = True) -> str:
    """One that somebody called about an hour ago; answered late, and mended."""
    at = now()
    incident_desk.call(office.ledger, office.contract, "oa", at - timedelta(hours=1), BY, at, down=True)
    number = office.ledger.events(INCIDENT)[-1].subject
    steps = [(Step.RESPONDED, 20), (Step.RESTORED, 15), (Step.CLEARED, 10)][: 3 if cleared else 1]
    for step, minutes in steps:
        incident_desk.step(office.ledger, number, step, at - timedelta(minutes=minutes), BY, at)
    return number


def drafts_on_record(office: Office) -> list[tuple[str, str, str]]:
    """Of what, by whom and from where."""
    return [(one.subject, one.who, one.via) for one in office.ledger.events(REPORT)]


def text_of(office: Office, number: str, form: Format = Format.ARTIFACT) -> str:
    file = office.settings.reports_dir / f"故障报告-{number}.{form}"
    return file.read_text(encoding="utf-8").replace("\\", "")


def section(text: str, heading: str) -> str:
    """What stands below a heading."""
    return text.partition(f"# {heading}\n")[2].partition("\n#")[0].strip()


def test_it_replaces_what_was_to_be_filled_in_and_the_draft_is_written_anew(office: Office) -> None:
    number = incident(office)
    assert draft_missing(office) == [number]
    assert drafts_on_record(office) == [(f"incident/{number}", "巡检程序", "watch")]
    assert text_of(office, number).count("（待填写）") == 4
    # When
    told = enter(office, "incident", number.lower(), "原因", f"连接数用尽\n{HOSTILE}", BY)
    # Then
    assert told.startswith(
        f"第 {office.ledger.events(REPORT_NOTE)[-1].id} 号事件：故障报告 {number} 四、原因；已重写草稿 "
    )
    day = f"{now().astimezone(office.contract.tz):%Y年%-m月%-d日}"
    for form in (Format.ARTIFACT, Format.HTML):
        assert "（待填写）" in text_of(office, number, form)
    assert section(text_of(office, number), "四、原因") == f"连接数用尽\n\n{HOSTILE}（驻场工程师，{day}）"
    assert draft_missing(office) == []
    assert drafts_on_record(office)[1:] == [(f"incident/{number}", BY.name, BY.via)]


def test_a_draft_is_made_once_whatever_it_is_called(office: Office) -> None:
    """Given a contract whose own template gives the report another name; somebody may also throw the draft away."""
    own = office.folder / "templates/incident.md.j2"
    own.parent.mkdir()
    ours = (OURS / own.name).read_text(encoding="utf-8")
    own.write_text(ours.replace('set kind = "故障报告"', 'set kind = "故障处理报告"'), encoding="utf-8")
    number = incident(office)
    # When the watch comes round twice
    assert draft_missing(office) == [number]
    assert (office.settings.reports_dir / f"故障处理报告-{number}.docx").is_file()
    assert draft_missing(office) == []
    assert len(drafts_on_record(office)) == 1


def test_a_correction_replaces_what_was_said(office: Office) -> None:
    number = incident(office, cleared=False)
    for said in ("磁盘写满", "连接数用尽"):
        enter(office, "故障报告", number, "四、原因", said, BY)
    wrong, _ = office.ledger.events(REPORT_NOTE)
    # When
    told = enter(office, "incident", number, "四、原因", "磁盘只读", BY, corrects=wrong.id)
    # Then: an incident that goes on has no draft
    assert "草稿" not in told
    build(office, "incident", named_of(office, kind_of(office, "incident"), number))
    shown = section(text_of(office, number), "四、原因")
    assert [line.partition("（")[0] for line in shown.split("\n\n")] == ["连接数用尽", "磁盘只读"]
    assert office.ledger.events(REPORT_NOTE)[-1].corrects == wrong.id


@pytest.mark.parametrize(
    ("report", "name", "section", "why"),
    [
        ("incident", "G-2026-0999", "四、原因", "没有故障 G-2026-0999"),
        ("incident", "", "四、原因", "故障"),
        ("monthly", " ", "十、问题与建议", "写明期间，例如 2026-10"),
        ("incident", "{number}", "三、时间线", "可填：影响范围"),
        ("drill", "2026-10", "四、原因", "没有由人填写的节"),
        ("gazette", "2026-10", "四、原因", "没有“gazette”这种报告"),
    ],
)
def test_what_makes_no_sense_is_refused(office: Office, report: str, name: str, section: str, why: str) -> None:
    number = incident(office)
    with pytest.raises(RequestError, match=why):
        enter(office, report, name.format(number=number), section, "x", BY)
    assert office.ledger.events(REPORT_NOTE) == []


def test_the_report_of_an_incident_in_every_format(office: Office) -> None:
    """Given an incident that was answered late, then its report says so in all formats, the same twice, and each number
    says from which events it is."""
    number = incident(office)
    enter(office, "incident", number, "影响范围", "全部用户打不开待办，约 40 分钟", BY)
    named = named_of(office, kind_of(office, "incident"), number)
    files = build(office, "incident", named)
    assert set(files) == set(Format)
    headings = [
        "一、基本信息",
        "二、现象与影响",
        "三、时间线",
        "四、原因",
        "五、处置",
        "六、时限符合性",
        "七、改进措施",
        "八、附件",
    ]
    assert [line[3:] for line in text_of(office, number).splitlines() if line.startswith("## ")] == headings
    told = [one.text for one in Document(str(files[Format.DOCX])).paragraphs]
    assert any(one.startswith("全部用户打不开待办，约 40 分钟（驻场工程师，") for one in told)
    assert "| 响应 | 30 分以内 | 40 分 | **超时** |" in text_of(office, number)
    figures = {one["query"]: one for one in sourced(files)}
    events = [f"event {one.id}" for one in office.ledger.events(INCIDENT)]
    assert (figures["incident.lasted"]["shown"], figures["incident.lasted"]["rows"]) == ("45 分", events)
    assert figures["incident.limit"]["rows"] == [f"contract {office.contract_hash}"]
    first = files[Format.HTML].read_bytes()
    assert first == build(office, "incident", named)[Format.HTML].read_bytes()


def test_from_the_form(office: Office) -> None:
    titles = [field["title"] for field in ReportNote.model_json_schema()["properties"].values()]
    assert titles == ["报告种类", "期间或编号", "哪一节", "内容", "操作人", "更正"]
    number = incident(office, cleared=False)
    form = ReportNote(report="故障报告（incident）", name=number, section="五、处置", text="重启服务", who="值班员甲")
    state = report_note.fn(form)
    assert state.name == "已登记", state.message
    [event] = office.ledger.events(REPORT_NOTE)
    assert (event.subject, event.who, event.via) == (f"incident/{number}", "值班员甲", "ui")
    assert event.body == {"section": "五、处置", "text": "重启服务"}


def test_from_the_shell(office: Office, tmp_path: Path) -> None:
    number = incident(office)
    words = ("--section", "四、原因", "--text", "连接数用尽", "--who", "值班员甲")
    done = xunjian(tmp_path, "report", "note", f"incident/{number}", *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("已登记第 ")
    assert (office.settings.reports_dir / f"故障报告-{number}.docx").is_file()
    wrong = xunjian(tmp_path, "report", "note", "incident", *words)
    assert wrong.returncode != 0
    assert "种类/期间或编号" in wrong.stderr
