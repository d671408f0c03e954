"""A machine whose ledger holds some days, and the command line in this process: Prefect is loaded once."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner
from year import Year

from flows.cli import app
from flows.office import Office
from tasks.settings import Settings

WEEK, DARK = "2025-W46", "2025-W45"  # the last of the days; the week in which nobody ran anything for some
OWN = """\
{% extends "_base.md.j2" %}
{% import "_macros.md.j2" as m with context %}
{% set kind = "值班小结" %}
{% set title = "值班小结" %}
{% set every = "week" %}
{% block body %}
## 一、巡检

漏检 {{ ask("inspections.missed") }} 次。

{% call m.table({"对象": "40", "完成": "20c", "漏检": "20c", "免除": "20c"}) %}
{% for line in ask("inspections") %}
{{ m.row(line.label, line.done, line.missed, line.excused) }}
{%- endfor %}
{% endcall %}
{% endblock %}
"""
"""A kind of the contract's own, `duty`: what is tested here is not what our templates say."""
STEM = f"值班小结-{WEEK}"


class Room:
    """A home and a contract folder of the test's own, where commands are run."""

    def __init__(self, year: Year, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        shutil.copytree(year.folder, home)
        self.year = year
        self.settings = Settings(home=home, contract=home / "contract")
        self.templates = home / "contract/templates"
        self.template("duty", OWN)
        monkeypatch.setenv("XUNJIAN_HOME", str(home))
        monkeypatch.setenv("XUNJIAN_CONTRACT", str(home / "contract"))

    def run(self, *words: str) -> tuple[int, str]:
        """The exit code, and all that was said."""
        told = CliRunner().invoke(app, [*words], env={"COLUMNS": "200"})
        assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
        return told.exit_code, told.output

    def office(self) -> Office:
        return Office(self.settings)

    def template(self, name: str, text: str) -> Path:
        """A template of the contract's own."""
        self.templates.mkdir(parents=True, exist_ok=True)
        file = self.templates / f"{name}.md.j2"
        file.write_text(text, encoding="utf-8")
        return file

    def made(self) -> set[str]:
        """What lies among the reports and previews."""
        folders = (self.settings.reports_dir, self.settings.root / "preview")
        return {path.name for folder in folders if folder.is_dir() for path in folder.iterdir()}

    def figures(self, stem: str) -> Any:
        return json.loads((self.settings.reports_dir / f"{stem}.figures.json").read_text(encoding="utf-8"))

    def tamper(self) -> None:
        """Somebody makes a bad verdict good, and takes the guard off for it."""
        with sqlite3.connect(self.settings.root / "ledger.db") as connection:
            connection.execute("DROP TRIGGER finding_no_update")
            question = (
                "SELECT min(id) FROM finding WHERE run_id IN (SELECT id FROM run WHERE slot_id LIKE '%2025-11-11')"
            )
            connection.execute(f"UPDATE finding SET summary = '一切正常' WHERE id = ({question})")
        connection.close()
