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
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pypandoc  # type: ignore[import-untyped]
from docx import Document
from docx.document import Document as Docx
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Mm, Pt, RGBColor
from docx.styles.style import CharacterStyle, ParagraphStyle
from docx.text.paragraph import Paragraph

from tasks.leftovers import TEMPORARY
from tasks.pictures import blank

_TEMPLATES = Path(__file__).parents[2] / "templates"
_READER = "commonmark+pipe_tables+attributes+fenced_divs+bracketed_spans"
_IMAGE = re.compile(r'<img src="([\w.-]+)"')
_KINDS = {".jpg": "jpeg", ".png": "png"}

# GB/T 9704-2012: eastAsia fonts by role. Named only, never bundled.
_LATIN, _BODY, _HEADING, _SECOND, _TITLE = "Times New Roman", "仿宋", "黑体", "楷体", "宋体"
_FONTS = {"Title": _TITLE, "Subtitle": _SECOND, "Heading 1": _HEADING, "Heading 2": _SECOND, "Footer": _TITLE}
# The same colours as in report.css. All are dark: the words stay legible in black and white.
_STATES = {"ok": "1B6E3C", "warn": "8A5200", "crit": "B3001B", "unknown": "5B2A86", "none": "555555"}


class _Look(NamedTuple):
    """A paragraph style. Sizes in points; no pitch: single, so that pictures and tables are not clipped."""

    size: float
    pitch: float = 0
    before: float = 0
    after: float = 0
    bold: bool = False
    indent: bool = False
    keep: bool = False
    align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.LEFT


_CENTRE, _JUSTIFY = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.JUSTIFY
_PARAGRAPHS = {
    "Normal": _Look(16, pitch=29),
    "Body Text": _Look(16, pitch=29, indent=True, align=_JUSTIFY),
    "First Paragraph": _Look(16, pitch=29, indent=True, align=_JUSTIFY),
    "Title": _Look(22, pitch=35, after=6, bold=True, keep=True, align=_CENTRE),
    "Subtitle": _Look(16, pitch=29, after=12, keep=True, align=_CENTRE),
    "Heading 1": _Look(16, pitch=29, before=12, after=4, keep=True),
    "Heading 2": _Look(16, pitch=29, before=6, after=2, keep=True),
    "Compact": _Look(10.5, before=2, after=2),
    "Note": _Look(10.5, before=3, after=6, keep=True),  # it leads to a table
    "Figure": _Look(10.5, before=3, keep=True, align=_CENTRE),
    "Caption": _Look(10.5, after=6, align=_CENTRE),
    "Footer": _Look(14, align=_CENTRE),
}
_EDGES = "".join(
    f'<w:{edge} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
    for edge in ("top", "left", "bottom", "right", "insideH", "insideV")
)
_TABLE = f"""<w:tblPr><w:tblBorders>{_EDGES}</w:tblBorders><w:tblCellMar>
<w:left w:w="45" w:type="dxa"/><w:right w:w="45" w:type="dxa"/></w:tblCellMar></w:tblPr>

<w:tcPr><w:vAlign w:val="center"/></w:tcPr>

<w:tblStylePr w:type="firstRow"><w:rPr><w:rFonts w:eastAsia="{_HEADING}"/></w:rPr>
<w:tcPr><w:shd w:val="clear" w:color="auto" w:fill="EDEDED"/></w:tcPr></w:tblStylePr>"""


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
        DocumentError: pandoc fails.
    """
    # pandoc decodes every picture only to know its shape, 45 ms each: it is given small ones that look blank.
    stand_ins = {blank(content, file): content for file, content in images.items()}
    with tempfile.TemporaryDirectory(prefix=TEMPORARY) as name:
        folder = Path(name)
        for file, stand_in in zip(images, stand_ins, strict=True):
            (folder / file).write_bytes(stand_in)
        (folder / "reference.docx").write_bytes(theirs.read_bytes() if theirs else reference())
        _pandoc(text, "docx", folder, "--shift-heading-level-by=-1", "--reference-doc=reference.docx", out=out)
    document = Document(str(out))
    for part in document.part.package.iter_parts():
        part._blob = stand_ins.get(part.blob, part.blob)
    _finish(document)
    document.save(str(out))


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
                    form.keep_with_next, form.alignment = True, _CENTRE
        before, after = table.getprevious(), table.getnext()
        if before is not None and before.tag == qn("w:p"):
            Paragraph(before, document).paragraph_format.space_after = Pt(8)
        if after is not None and after.tag == qn("w:p") and not str(after.style).startswith("Heading"):
            Paragraph(after, document).paragraph_format.space_before = Pt(8)


@cache
def reference() -> bytes:
    """pandoc's own reference.docx, dressed as GB/T 9704 asks."""
    pandoc = subprocess.run(  # noqa: S603 - constants
        [pypandoc.get_pandoc_path(), "--print-default-data-file", "reference.docx"], capture_output=True, check=True
    )
    document = Document(io.BytesIO(pandoc.stdout))
    _page(document)
    _styles(document)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _page(document: Docx) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.header_distance, section.footer_distance = Mm(15), Mm(23)
    paragraph = section.footer.paragraphs[0]
    paragraph.style = document.styles.add_style("Footer", WD_STYLE_TYPE.PARAGRAPH, builtin=True)
    paragraph.add_run("–")
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    field.append(parse_xml(f"<w:r {nsdecls('w')}><w:t>1</w:t></w:r>"))
    paragraph._p.append(field)
    paragraph.add_run("–")


def _styles(document: Docx) -> None:
    styles = document.styles
    for name in _STATES:
        styles.add_style(f"state-{name}", WD_STYLE_TYPE.CHARACTER)
    for name in _PARAGRAPHS:
        if name not in styles:
            styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    _fonts(styles.element.find(f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}/{qn('w:rPr')}"), _BODY)
    for style in styles:
        if isinstance(style, CharacterStyle):  # a ParagraphStyle is one, too
            _fonts(style.element.get_or_add_rPr(), _FONTS.get(str(style.name).removesuffix(" Char"), _BODY))
            state = _STATES.get(str(style.name).removeprefix("state-"))
            style.font.color.rgb = RGBColor.from_string(state or "000000")
            if state:
                style.font.bold = True
        if isinstance(style, ParagraphStyle):
            _paragraph(style, _PARAGRAPHS.get(str(style.name), _PARAGRAPHS["Normal"]))
    table = styles["Table"].element
    for old in table.findall(qn("w:tblPr")) + table.findall(qn("w:tblStylePr")):
        table.remove(old)
    for part in _TABLE.split("\n\n"):
        table.append(parse_xml(part.replace(">", f" {nsdecls('w')}>", 1)))


def _paragraph(style: ParagraphStyle, look: _Look) -> None:
    form = style.paragraph_format
    style.font.size, style.font.bold, style.font.italic = Pt(look.size), look.bold, False
    form.alignment, form.space_before, form.space_after = look.align, Pt(look.before), Pt(look.after)
    form.keep_with_next, form.widow_control = look.keep, True
    if look.pitch:
        form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(look.pitch)
    else:
        form.line_spacing = 1.0
    properties = style.element.get_or_add_pPr()
    for old in properties.findall(qn("w:numPr")):
        properties.remove(old)
    indent = properties.get_or_add_ind()
    indent.set(qn("w:firstLineChars"), "200" if look.indent else "0")  # in characters: two, whatever the font
    indent.set(qn("w:firstLine"), str(int(2 * 20 * look.size)) if look.indent else "0")
    if not look.pitch:  # in tables long Latin words break anywhere
        wrap = OxmlElement("w:wordWrap")
        wrap.set(qn("w:val"), "0")
        properties.find(qn("w:spacing")).addprevious(wrap)  # the schema's order


def _fonts(properties: BaseOxmlElement, east_asian: str) -> None:
    for old in properties.findall(qn("w:rFonts")):
        properties.remove(old)
    fonts = OxmlElement("w:rFonts")
    for script, font in (("ascii", _LATIN), ("hAnsi", _LATIN), ("cs", _LATIN), ("eastAsia", east_asian)):
        fonts.set(qn(f"w:{script}"), font)
    properties.insert(0, fonts)
