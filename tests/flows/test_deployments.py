"""What the forms offer: the contract's own systems, hosts and backups."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from checks.report_notes import REPORT_NOTE
from checks.slots import BACKUP_CHECK, RESTORE_DRILL
from flows.backup_check import BackupCheckForm
from flows.deployments import FILE, _with_choices
from flows.page_inspection import PageInspection
from flows.report_note import ReportNote
from tasks import contract_folder
from tasks.prefect_server import deployments_in

CONTRACT = contract_folder.load(Path(__file__).parents[2] / "rehearsal" / "contract")
EVERY = [placed.target for placed in CONTRACT.all_backups()]
RESTORED = [placed.target for placed in CONTRACT.all_backups() if placed.backup.restore]


@pytest.mark.parametrize(("name", "offered"), [(BACKUP_CHECK, EVERY), (RESTORE_DRILL, RESTORED)])
def test_backups_are_chosen_not_typed(name: str, offered: list[str]) -> None:
    schema = {"definitions": {"Form": BackupCheckForm.model_json_schema()}}
    field = _with_choices(schema, CONTRACT, name)["definitions"]["Form"]["properties"]["backups"]
    assert field["items"] == {"type": "string", "enum": offered}
    assert "mobile.gateway" in EVERY
    assert "mobile.gateway" not in RESTORED


def test_a_contract_without_backups_leaves_the_field_as_it_is() -> None:
    schema = {"definitions": {"Form": BackupCheckForm.model_json_schema()}}
    bare = CONTRACT.model_copy(update={"backups": []})
    assert "enum" not in str(_with_choices(schema, bare, BACKUP_CHECK))


def test_a_note_is_for_a_section_that_a_template_asks_people_for() -> None:
    schema = {"definitions": {"Form": ReportNote.model_json_schema()}}
    fields = _with_choices(schema, CONTRACT, REPORT_NOTE)["definitions"]["Form"]["properties"]
    assert "故障报告（incident）" in fields["report"]["enum"]
    assert "恢复演练报告（drill）" not in fields["report"]["enum"]
    assert {"影响范围", "四、原因", "五、处置", "七、改进措施"} <= set(fields["section"]["enum"])
    assert [one["schedules"] for one in deployments_in(FILE) if one["name"] == REPORT_NOTE] == [[]]


@pytest.mark.parametrize("form", [BackupCheckForm, PageInspection])
def test_the_fields_in_the_order_in_which_they_are_filled_in(form: type[BaseModel]) -> None:
    titles = [field["title"] for field in form.model_json_schema()["properties"].values()]
    assert titles[1:] == [titles[1], "试运行", "操作人", "原因"]


def test_the_backup_check_runs_daily_before_the_pages() -> None:
    [one] = [one for one in deployments_in(FILE) if one["name"] == BACKUP_CHECK]
    assert one["schedules"] == [{"cron": "30 6 * * *", "timezone": "Asia/Shanghai", "active": True}]
