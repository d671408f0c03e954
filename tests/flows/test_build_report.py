"""The flow build-report, as the form starts it: on a ledger with some days in it, Prefect's own test server."""

import asyncio
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from report_room import OWN, STEM, WEEK, Room

from flows.build_report import MADE, NOT_MADE, UNSOUND, BuildReport, File, build_report
from flows.deployments import BUILD_REPORT, FILE, _with_choices
from flows.report_desk import REPORT
from tasks import contract_folder
from tasks.ledger.audit import stored
from tasks.ledger.verify import verify
from tasks.prefect_server import deployments_in

pytestmark = pytest.mark.usefixtures("prefect")
SAID = {"who": "驻场工程师", "why": "例会要用"}


def run(**fields: object) -> State:
    form = BuildReport.model_validate(
        {"report": "值班小结（duty）", "period": WEEK, "formats": ["docx"], **SAID, **fields}
    )
    return asyncio.run(build_report(form, return_state=True))


def artifact(key: str) -> str:
    async def read() -> str:
        async with get_client() as client:
            return str(max(
                (one for one in await client.read_artifacts() if one.key == key), key=lambda one: str(one.created)
            ).data)  # fmt: skip

    return asyncio.run(read())


def test_leaves_the_page_in_the_ui_the_files_and_an_entry(room: Room) -> None:
    before = room.office().ledger.head()
    state = run(formats=["docx", "html"])
    assert (state.name, state.is_completed()) == (MADE, True)
    assert room.made() == {f"{STEM}.{form}" for form in ("md", "docx", "html", "figures.json")}
    assert f"{room.settings.reports_dir}/{STEM}.docx" in str(state.message)
    assert "已核对台账封存链和本期记录" in artifact("report-duty")
    # And: who had it made, from which state of the ledger, is on record; the record is sound
    [event] = room.office().ledger.events(REPORT)
    listed = room.figures(STEM)
    assert (event.subject, event.who, event.why, event.via) == (f"duty/{WEEK}", *SAID.values(), "cli")
    assert event.body == {"head": before, "files": listed["files"]}
    with stored(room.settings.ledger, room.settings.evidence_dir) as book:
        assert verify(book).problems == []


def test_a_trial_run_makes_nothing(room: Room) -> None:
    state = run(dry_run=True)
    assert (state.name, state.message) == ("试运行", f"将生成 值班小结 {WEEK}：docx")
    assert (room.made(), room.office().ledger.events(REPORT)) == (set(), [])


def test_a_ledger_that_was_tampered_with_fails_it(room: Room) -> None:
    room.tamper()
    state = run()
    assert (state.name, state.is_failed()) == (UNSOUND, True)
    assert "不可信" in str(state.message)
    assert "**注意：台账核对不通过：" in artifact("report-duty")
    assert f"{STEM}.docx" in room.made()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"report": "周保"}, "没有“周保”这种报告；是不是 周报（weekly）"),
        ({"period": "2026-W54"}, "2026 年的周从 W01 到 W53"),
        ({"report": "broken"}, "broken.md.j2 第 1 行"),
    ],
)
def test_what_cannot_be_made_says_why(room: Room, fields: dict[str, str], said: str) -> None:
    room.template("broken", "{% set kind = %}")
    state = run(**fields)
    assert (state.name, state.is_failed()) == (NOT_MADE, True)
    assert said in str(state.message)
    assert room.made() == set()


def test_the_form_offers_every_kind(room: Room) -> None:
    """Given a kind of the contract's own, then it is among the choices, which are in Chinese."""
    schema = {"definitions": {"Form": BuildReport.model_json_schema()}}
    contract = contract_folder.load(room.settings.contract)
    fields = _with_choices(schema, contract, BUILD_REPORT)["definitions"]["Form"]["properties"]
    assert {"周报（weekly）", "值班小结（duty）"} <= set(fields["report"]["enum"])
    assert [one["title"] for one in fields.values()] == ["种类", "期间或编号", "格式", "试运行", "操作人", "原因"]
    assert fields["formats"]["default"] == list(File)


def test_it_has_no_schedule_of_its_own() -> None:
    [one] = [one for one in deployments_in(FILE) if one["name"] == BUILD_REPORT]
    assert one["schedules"] == []


def test_a_kind_that_says_nothing_of_itself_is_not_offered(room: Room, tmp_path: Path) -> None:
    room.template("silent", OWN.replace('{% set kind = "值班小结" %}', ""))
    schema = {"definitions": {"Form": BuildReport.model_json_schema()}}
    contract = contract_folder.load(room.settings.contract)
    assert "silent" not in str(_with_choices(schema, contract, BUILD_REPORT))
