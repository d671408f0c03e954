"""How secret a page's pictures are: said in the contract, seen in the evidence folder, kept out of the reports."""

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from traces import unpacked

from checks.finding import Reason, State
from checks.records import EvidenceRecord, RunRecord
from checks.report_period import Every, period_with
from checks.secrecy import Grade
from flows.office import Office
from flows.report_files import build
from tasks.browser.chromium import Chromium
from tasks.evidence import Store
from tasks.report import Format
from tasks.settings import Settings


class Site:
    """Pages that look different; `when_asked` is called whenever one is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.when_asked: Callable[[], object] = lambda: None
        self.app = Starlette(routes=[Route("/{name}", self.page)])

    def page(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        self.when_asked()
        bars = "".join(
            f"<div style='height:20px;width:{hash((request.url.path, n)) % 900}px'></div>" for n in range(30)
        )
        style = "<style>div{background:linear-gradient(90deg,#036,#fc0)}</style>"
        return HTMLResponse(f"<!doctype html><meta charset=utf-8>{style}<h1>{request.url.path}</h1>{bars}")


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def settings(site: Site, serve: Callable[..., str], helpers: Any, tmp_path: Path) -> Settings:
    """A system with one page of each grade."""
    parts = [
        {"id": name, "title": name, "steps": [{"goto": f"/{name}"}, {"expect": {"text": name}}]}
        for name in ("usual", "secret")
    ]
    system = {"id": "site", "url": serve(site.app), "journeys": [parts[0], {**parts[1], "grade": 3}]}
    contract = helpers.write_contract(tmp_path / "contract", system)
    return Settings(home=tmp_path / "home", contract=helpers.be_patient(contract))


@pytest.fixture
def key(settings: Settings, helpers: Any) -> Path:
    helpers.write_secret(settings.secrets_dir, "evidence.key", base64.urlsafe_b64encode(os.urandom(32)).decode())
    return settings.secrets_dir / "evidence.key"


def evidence(run: RunRecord, name: str) -> EvidenceRecord:
    [record] = [one for one in run.evidence if one.target == f"site/{name}"]
    return record


def files_with(content: bytes, folder: Path) -> set[str]:
    """Which files hold the middle of a picture, as it is or as text, packed or not."""
    middle = content[len(content) // 2 :][:60]
    wanted = [middle, *(base64.b64encode(b"\0" * shift + middle)[4:-4] for shift in range(3))]
    return {
        path.suffix
        for path in folder.rglob("*")
        if path.is_file() and any(form in one for one in unpacked(path) for form in wanted)
    }


def test_the_most_secret_picture_is_nowhere_but_encrypted(settings: Settings, key: Path, helpers: Any) -> None:
    # When
    run: RunRecord = helpers.inspect(settings, "site")
    office = Office(settings)
    with Chromium(settings) as chromium:
        files = build(office, "daily", period_with(Every.DAY, office.today()), chromium=chromium)
    # Then
    assert {record.finding.state for record in run.latest()} == {State.OK}
    usual, secret = evidence(run, "usual"), evidence(run, "secret")
    assert (usual.grade, secret.grade) == (Grade.MEDIUM, Grade.MOST)
    shown, hidden = (Store(settings).opened(one.path, one.sha256) for one in (usual, secret))
    assert (shown[:2], hidden[:2]) == (b"\xff\xd8", b"\xff\xd8")
    assert set(files) == set(Format)
    assert files_with(hidden, settings.root) == set()
    # and the search finds what is there
    assert files_with(shown, settings.root) >= {".jpg", ".html", ".docx"}
    text = files[Format.HTML].read_text(encoding="utf-8")
    assert "密级为非常敏感，截图加密保存，不在报告中显示" in text
    assert secret.sha256[:12] in text
    assert text.count("data:image/jpeg") == 1


def test_without_a_key_nothing_is_looked_at(settings: Settings, site: Site, helpers: Any) -> None:
    # When
    run: RunRecord = helpers.inspect(settings, "site")
    # Then
    assert {(r.finding.state, r.finding.reason) for r in run.latest()} == {(State.UNKNOWN, Reason.CONFIGURATION)}
    assert {r.target for r in run.latest()} == {"site/usual", "site/secret"}
    assert "缺少口令 evidence.key" in run.latest()[0].finding.summary
    assert (site.asked, run.evidence) == ([], ())


def test_a_key_that_is_lost_on_the_way_is_never_well(settings: Settings, site: Site, key: Path, helpers: Any) -> None:
    # Given
    site.when_asked = lambda: key.unlink(missing_ok=True)
    # When
    run: RunRecord = helpers.inspect(settings, "site")
    # Then: what was seen there cannot be shown to anybody
    found = {(r.finding.state, r.finding.reason) for r in run.findings if r.target == "site/secret"}
    assert found == {(State.UNKNOWN, Reason.CONFIGURATION)}
    assert {r.finding.state for r in run.latest() if r.target == "site/usual"} == {State.OK}
    assert [one.target for one in run.evidence] == ["site/usual"]
    assert not list(settings.evidence_dir.rglob("*.enc"))
