"""The canaries: what is planted in the practice estate as a document's title, an identity number and passwords must be
in no byte that an inspection leaves behind, in no picture, and in no process's command line. One page is of the highest
grade: its picture is nowhere but encrypted."""

import base64
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pypdfium2
import pytesseract
import pytest
from PIL import Image
from traces import Watching, forms, leaks, unpacked

from checks.contract import System
from checks.slots import PAGE_INSPECTION
from rehearsal.canary import PERSON_ID, Canary
from rehearsal.estate import Estate
from rehearsal.layout import SYSTEMS
from rehearsal.sample import copy_contract
from tasks import contract_folder, secrets
from tasks.browser.chromium import Chromium
from tasks.browser.visitor import Visitor
from tasks.evidence import Store
from tasks.ledger import Ledger
from tasks.settings import Settings

# Chinese for the bytes; Latin letters and digits, which OCR reads without fail, for the pictures.
CHINESE, LATIN = "金丝雀样本", "KANARI 97318642"
TITLE = f"关于{CHINESE} {LATIN} 不得离开业务系统的函"


class Ran(NamedTuple):
    """What one whole inspection left behind."""

    said: str
    code: int
    folder: Path  # home, temporary files and the user's home folder
    settings: Settings
    commands: set[bytes]
    passwords: dict[str, str]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, helpers: Any) -> Iterator[Ran]:
    """`xunjian run page-inspection` in the shell, in an estate with canaries, while the process list is watched."""
    base, port = tmp_path_factory.mktemp("s"), helpers.find_base_port()
    with Estate(base / "e" / "rehearsal", port, canary=Canary(document_title=TITLE)) as estate:
        folder = base / "run"
        settings = Settings(home=folder / "home", contract=helpers.be_patient(copy_contract(base / "contract", port)))
        settings = settings.model_copy(update={"secrets": estate.secrets_dir, "ca": estate.ca_dir})
        archive = settings.contract / "systems/3-archive.yaml"
        text = archive.read_text(encoding="utf-8").replace(
            "    title: 原文预览\n", "    title: 原文预览\n    grade: 3\n"
        )
        archive.write_text(text, encoding="utf-8")
        helpers.write_secret(estate.secrets_dir, "evidence.key", base64.urlsafe_b64encode(os.urandom(32)).decode())
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XUNJIAN_", "PREFECT_"))}
        env = kept | {
            "XUNJIAN_HOME": str(settings.home), "XUNJIAN_CONTRACT": str(settings.contract),
            "XUNJIAN_SECRETS": str(settings.secrets), "XUNJIAN_CA": str(settings.ca), "XUNJIAN_PORT": "1",
            "HOME": str(folder / "user"), "TMPDIR": str(folder / "tmp"), "COLUMNS": "200", "PYTHONIOENCODING": "utf-8",
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180", "OMP_THREAD_LIMIT": "1",
        }  # fmt: skip
        for name in ("XUNJIAN_HOME", "HOME", "TMPDIR"):
            Path(env[name]).mkdir(parents=True)
        passwords = {"evidence": (estate.secrets_dir / "evidence.key").read_text()}
        passwords |= {one: (estate.secrets_dir / f"{one}-inspector.password").read_text() for one in SYSTEMS}
        command = [sys.executable, "-m", "flows.cli", "run", "page-inspection", "--why", "金丝雀检查"]
        with Watching() as watching:
            told = subprocess.run(command, env=env, capture_output=True, encoding="utf-8", check=False, timeout=400)
        yield Ran(told.stdout + told.stderr, told.returncode, folder, settings, watching.commands, passwords)


def evidence(ran: Ran) -> dict[str, tuple[str, str]]:
    """Path and SHA-256 of each target's picture."""
    ledger = Ledger(ran.settings.ledger)
    runs = ledger.runs(PAGE_INSPECTION, date(2020, 1, 1), date(2099, 1, 1))
    return {record.target: (record.path, record.sha256) for run in runs for record in run.evidence}


def needles(ran: Ran) -> dict[bytes, str]:
    """All forms of all canaries."""
    canaries = {"title": CHINESE, "latin": LATIN, "number": LATIN.split()[1], "person": PERSON_ID}
    canaries |= {f"password of {system}": word for system, word in ran.passwords.items()}
    return {form: name for name, text in canaries.items() for form in forms(text)}


def read_picture(picture: Image.Image, language: str = "eng") -> str:
    """The words in a picture, without white space."""
    larger = picture.convert("L").resize((picture.width * 2, picture.height * 2))
    return "".join(str(pytesseract.image_to_string(larger, lang=language, config="--psm 11")).split())


def visible(words: str) -> set[str]:
    """Which canaries can be read; half of a number is enough."""
    parts = {"title": ("KANARI", "97318642", "金丝"), "person": ("000000190", "001010000")}
    return {name for name, some in parts.items() if any(part in words for part in some)}


def test_the_run_was_a_real_one(ran: Ran) -> None:
    assert ran.code == 0, ran.said
    assert "全部正常" in ran.said
    assert len(evidence(ran)) == 24  # pages; two that look the same are one file
    assert all((ran.settings.evidence_dir / path).is_file() for path, _ in evidence(ran).values())
    assert len(list(ran.settings.evidence_dir.rglob("*.enc"))) == 1
    assert {path.suffix for path in ran.settings.reports_dir.iterdir()} >= {".html", ".pdf", ".docx"}
    assert (ran.folder / "home/ledger.db").stat().st_size
    assert list((ran.folder / "home/prefect").glob("*.db"))


def test_in_no_byte_left_behind(ran: Ran) -> None:
    # Given
    wanted = needles(ran)
    files = [path for path in ran.folder.rglob("*") if path.is_file() and not path.is_symlink()]
    # When
    found = {f"{path}: {name}" for path in files for content in unpacked(path) for name in leaks(content, wanted)}
    # Then
    assert len(files) > 30
    assert found == set()
    assert leaks(ran.said.encode(), wanted) == set()


def test_the_most_secret_picture_is_nowhere_but_encrypted(ran: Ran) -> None:
    # Given
    pieces = evidence(ran)
    shown, hidden = (Store(ran.settings).opened(*pieces[f"archive/{page}"]) for page in ("search", "preview"))
    files = [path for path in ran.folder.rglob("*") if path.is_file() and not path.is_symlink()]

    def holding(picture: bytes) -> set[str]:
        middle = picture[len(picture) // 2 :][:60]
        wanted = [middle, *(base64.b64encode(b"\0" * shift + middle)[4:-4] for shift in range(3))]
        return {path.suffix for path in files if any(form in one for one in unpacked(path) for form in wanted)}

    # Then
    assert hidden[:2] == b"\xff\xd8"
    assert holding(hidden) == set()
    assert holding(shown) >= {".jpg"}  # the positive control


def test_the_search_would_find_each(ran: Ran, tmp_path: Path) -> None:
    """The positive control: planted in each way, each is found."""
    wanted = needles(ran)
    for text in (TITLE, f"编号 {PERSON_ID}", f"x{ran.passwords['oa']}y"):
        for shift in range(3):
            packed = base64.b64encode(b"#" * shift + text.encode())
            assert leaks(packed, wanted)
        for content in (text.encode("gbk"), quote(text).encode(), text.encode("utf-16-le")):
            assert leaks(b"..." + content + b"...", wanted)
        path = tmp_path / "x.docx"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packing:
            packing.writestr("word/document.xml", text)
        assert any(leaks(content, wanted) for content in unpacked(path))


def test_in_no_command_line(ran: Ran) -> None:
    lines = b"\n".join(ran.commands)
    assert b"--remote-debugging" in lines  # we did look while the browser ran
    assert len(ran.commands) > 10
    assert leaks(lines, needles(ran)) == set()


def test_in_no_picture(ran: Ran) -> None:
    """Masked pages as the evidence keeps them, and the report's pages."""
    # Given
    pictures = {str(path): Image.open(path) for path in sorted(ran.settings.evidence_dir.rglob("*.jpg"))}
    [report] = ran.settings.reports_dir.glob("*.pdf")
    pages = {
        f"{report} {n}": page.render(scale=1.5).to_pil() for n, page in enumerate(pypdfium2.PdfDocument(report), 1)
    }
    # When
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        words = dict(zip(pictures | pages, pool.map(read_picture, (pictures | pages).values()), strict=True))
    # Then
    assert {where: visible(read) for where, read in words.items() if visible(read)} == {}
    assert sum(bool(read) for read in words.values()) > 20  # there are words to be read


@pytest.mark.parametrize(("system", "journey"), [("oa", "incoming"), ("archive", "search")])
def test_without_masks_a_picture_shows_it(ran: Ran, system: str, journey: str) -> None:
    """The positive control of the OCR, on the same page: it is the mask that hides the title."""
    # Given
    contract = contract_folder.load(ran.settings.contract)
    bare: System = contract.system(system).model_copy(update={"masks": []})
    words = secrets.read_all(contract_folder.secret_names(ran.settings.contract, bare), ran.settings.secrets_dir)
    part = next(one for one in bare.journeys if one.id == journey)
    assert bare.login
    # When
    chromium = Chromium(ran.settings, [bare])
    with chromium, Visitor(bare, ran.settings.contract, words, chromium) as visitor:
        visitor.visit(bare.login, 1)
        [picture] = visitor.visit(part, 1).pictures
    # Then
    shown = Image.open(io.BytesIO(picture))
    assert "title" in visible(read_picture(shown))
    assert "金丝" in read_picture(shown, "chi_sim")
    # and with them it does not, not even to a reader of Chinese
    masked = io.BytesIO(Store(ran.settings).opened(*evidence(ran)[f"{system}/{journey}"]))
    assert visible(read_picture(Image.open(masked), "chi_sim")) == set()
