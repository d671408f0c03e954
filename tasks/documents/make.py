"""Documents that we make: Markdown to HTML and DOCX through pandoc.

The dialect is CommonMark with pipe tables, fenced divs and spans for named styles, and nothing that reads a
meaning into text (no smart quotes, citations, formulas, raw HTML, or links made of bare addresses).
"""

import base64
import html as markup
import io
import re
import subprocess
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import pypandoc  # type: ignore[import-untyped]
from docx import Document
from docx.document import Document as Docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt
from docx.text.paragraph import Paragraph

from tasks.documents.reference import completed
from tasks.documents.reference import reference as reference
from tasks.leftovers import TEMPORARY
from tasks.pictures import blank

_TEMPLATES = Path(__file__).parents[2] / "templates"
_READER = "commonmark+pipe_tables+attributes+fenced_divs+bracketed_spans"
_IMAGE = re.compile(r'<img src="([\w.-]+)"')
# A part is missing, or no XML; it is another kind of file; it is encrypted or packed in another way.
_UNSOUND = (zipfile.BadZipFile, zlib.error, KeyError, SyntaxError, ValueError, EOFError, RuntimeError, OSError)
_KINDS = {".jpg": "jpeg", ".png": "png"}


class DocumentError(Exception):
    """pandoc could not make the document; the message is for the operator."""


def html(text: str, title: str, images: Mapping[str, bytes]) -> str:
    """Make one self-contained page for screen and print. `images`: JPEG and PNG files by the name that `text` uses.

    Raises:
        DocumentError: pandoc fails.
    """

    def embed(match: re.Match[str]) -> str:
        kind = _KINDS[Path(match[1]).suffix]
        return f'<img src="data:image/{kind};base64,{base64.b64encode(images[match[1]]).decode()}"'

    with tempfile.TemporaryDirectory(prefix=TEMPORARY) as folder:
        body = _IMAGE.sub(embed, _pandoc(text, "html5", Path(folder)))
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{markup.escape(title)}</title>\n"
        f"<style>\n{(_TEMPLATES / 'report.css').read_text(encoding='utf-8')}</style>\n"
        f"</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )


def docx(text: str, images: Mapping[str, bytes], out: Path, theirs: Path | None = None) -> None:
    """Make a Word document. Its one heading of level 1 becomes the title.

    Args:
        theirs: a reference.docx whose styles and page are to be used instead of ours.

    Raises:
        DocumentError: pandoc fails, or `theirs` is no Word document.
        OSError: `out` cannot be written.
    """
    # pandoc decodes every picture only to know its shape, 45 ms each: it is given small ones that look blank.
    stand_ins = {blank(content, file): content for file, content in images.items()}
    with tempfile.TemporaryDirectory(prefix=TEMPORARY) as name:
        folder = Path(name)
        for file, stand_in in zip(images, stand_ins, strict=True):
            (folder / file).write_bytes(stand_in)
        (folder / "reference.docx").write_bytes(_sound(theirs) if theirs else reference())
        _pandoc(
            text, "docx", folder, "--shift-heading-level-by=-1", "--reference-doc=reference.docx", out=folder / "made"
        )
        document = Document(str(folder / "made"))  # `out` we write: of a full disk pandoc speaks in English
    for part in document.part.package.iter_parts():
        part._blob = stand_ins.get(part.blob, part.blob)
    _finish(document)
    whole = io.BytesIO()  # zipfile would go on complaining of a full disk after its error
    document.save(whole)
    out.write_bytes(whole.getvalue())


def _sound(theirs: Path) -> bytes:
    """Their reference.docx, if it is a Word document, whole and without macros; with our styles where it has none."""
    try:
        content = theirs.read_bytes()
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if part := archive.testzip():
                raise zipfile.BadZipFile(part)
        return completed(Document(io.BytesIO(content)))
    except _UNSOUND as error:
        raise DocumentError(
            f"{theirs.name} 不是 Word 的 DOCX（带宏的也不是），或者已经损坏；"
            "请用 xunjian report reference 重新写出后再改"
        ) from error


def _pandoc(text: str, to: str, folder: Path, *options: str, out: Path | None = None) -> str:
    """Run pandoc in `folder`: picture names in the text are relative, so no machine's path gets into a document."""
    command = [
        pypandoc.get_pandoc_path(), f"--from={_READER}", f"--to={to}", "--wrap=none", "--syntax-highlighting=none",
        f"--lua-filter={_TEMPLATES / 'tables.lua'}", *options, *([f"--output={out.absolute()}"] if out else []),
    ]  # fmt: skip
    try:
        # Not pypandoc's own call: that changes the directory of the whole process, whatever its threads are doing.
        done = subprocess.run(command, cwd=folder, input=text.encode(), capture_output=True, check=True)  # noqa: S603
    except subprocess.CalledProcessError as error:
        said = " ".join(error.stderr.decode(errors="replace").split())
        raise DocumentError(f"pandoc 转换失败：{said[:300]}") from error
    except OSError as error:
        raise DocumentError(f"pandoc 不能运行：{error}") from error
    return done.stdout.decode()


def _finish(document: Docx) -> None:
    """What pandoc cannot say: rows stay whole, a head or a picture stays with the row below, tables have air."""
    for table in document.element.body.iter(qn("w:tbl")):
        for row in table.iter(qn("w:tr")):
            properties = row.get_or_add_trPr()
            properties.insert(0, OxmlElement("w:cantSplit"))
            head = properties.find(qn("w:tblHeader")) is not None
            if head or next(row.iter(qn("w:drawing")), None) is not None:
                for paragraph in row.iter(qn("w:p")):
                    form = Paragraph(paragraph, document).paragraph_format
                    form.keep_with_next, form.alignment = True, WD_ALIGN_PARAGRAPH.CENTER
        before, after = table.getprevious(), table.getnext()
        if before is not None and before.tag == qn("w:p"):
            Paragraph(before, document).paragraph_format.space_after = Pt(8)
        if after is not None and after.tag == qn("w:p") and after.style is None:  # pandoc's, between two tables
            Paragraph(after, document).style = "Compact"
        elif after is not None and after.tag == qn("w:p") and not str(after.style).startswith("Heading"):
            Paragraph(after, document).paragraph_format.space_before = Pt(8)
