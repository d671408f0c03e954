"""The same answers give the same report: in another folder, another zone, another order of Python's sets."""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pypdfium2
import pytest
from report_sample import text_of

from tasks.report import Format

ROOT = Path(__file__).parents[2]
WRITE = """
import sys
from pathlib import Path
from report_sample import made
from tasks.report import Format
made(Path(sys.argv[1]), list(Format), ["综合办公系统", "a|b *c* <d>", "移动办公系统"], 40)
"""


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> list[dict[Format, Path]]:
    """Two processes on two machines, as far as a process can tell."""
    found = []
    for name, zone, seed in (("one", "Asia/Shanghai", "1"), ("another-place", "America/St_Johns", "4242")):
        folder = tmp_path_factory.mktemp(name)
        there = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "TZ": zone, "PYTHONHASHSEED": seed, "TMPDIR": str(folder)}
        there |= {"LC_ALL": "C.UTF-8" if seed == "1" else "C"}
        subprocess.run([sys.executable, "-c", WRITE, folder], check=True, timeout=240, env=os.environ | there)
        found.append({form: folder / f"out/周报-2026-W47.{form}" for form in Format})
    return found


@pytest.mark.parametrize("form", [Format.ARTIFACT, Format.HTML])
def test_the_same_bytes(twice: list[dict[Format, Path]], form: Format) -> None:
    one, another = (files[form].read_bytes() for files in twice)
    assert one == another


@pytest.mark.parametrize("form", [Format.DOCX, Format.PDF])
def test_the_same_text_and_pictures(twice: list[dict[Format, Path]], form: Format) -> None:
    one, another = (files[form] for files in twice)
    assert text_of(one) == text_of(another)
    assert pictures(one) == pictures(another)
    assert len(pictures(one)) == 5


def pictures(file: Path) -> list[str]:
    """Digests of the pictures."""
    if file.suffix == ".docx":
        with zipfile.ZipFile(file) as archive:
            held = [archive.read(name) for name in sorted(archive.namelist()) if name.startswith("word/media/")]
    else:
        with pypdfium2.PdfDocument(file) as document:
            kind = [pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]
            held = [one.get_bitmap().to_pil().tobytes() for page in document for one in page.get_objects(filter=kind)]
    return [hashlib.sha256(one).hexdigest() for one in held]
