"""The styles of our Word documents: pandoc's own reference.docx, dressed as GB/T 9704-2012 asks."""

import io
import subprocess
from functools import cache
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

# East Asian fonts by role. Named only, never bundled.
_LATIN, _BODY, _HEADING, _SECOND, _TITLE = "Times New Roman", "仿宋", "黑体", "楷体", "宋体"
_FONTS = {"Title": _TITLE, "Subtitle": _SECOND, "Heading 1": _HEADING, "Heading 2": _SECOND, "Footer": _TITLE}
_FONTS |= {"Warning": _HEADING}
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
    frame: bool = False
    align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.LEFT


_CENTRE = WD_ALIGN_PARAGRAPH.CENTER
_PARAGRAPHS = {
    "Normal": _Look(16, pitch=29),
    # Left, as on screen and in PDF: justified, a command or an address tears the line before it apart.
    "Body Text": _Look(16, pitch=29, indent=True),
    "First Paragraph": _Look(16, pitch=29, indent=True),
    "Title": _Look(22, pitch=35, after=6, bold=True, keep=True, align=_CENTRE),
    "Subtitle": _Look(16, pitch=29, after=12, keep=True, align=_CENTRE),
    "Heading 1": _Look(16, pitch=29, before=12, after=4, keep=True),
    "Heading 2": _Look(16, pitch=29, before=6, after=2, keep=True),
    "Compact": _Look(10.5, before=2, after=2),
    "Note": _Look(10.5, before=3, after=6, keep=True),  # it leads to a table
    "Warning": _Look(12, before=3, after=3, frame=True),
    "Figure": _Look(10.5, before=6, keep=True, align=_CENTRE),
    "Caption": _Look(10.5, before=2, after=8, align=_CENTRE),
    "Footer": _Look(14, align=_CENTRE),
}
_FRAME = f"""<w:pBdr {nsdecls("w")}><w:top w:val="single" w:sz="8" w:space="3" w:color="000000"/>
<w:left w:val="single" w:sz="48" w:space="4" w:color="000000"/>
<w:bottom w:val="single" w:sz="8" w:space="3" w:color="000000"/>
<w:right w:val="single" w:sz="8" w:space="4" w:color="000000"/></w:pBdr>"""
_EDGES = "".join(
    f'<w:{edge} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
    for edge in ("top", "left", "bottom", "right", "insideH", "insideV")
)
_TABLE = f"""<w:tblPr><w:tblBorders>{_EDGES}</w:tblBorders><w:tblCellMar>
<w:left w:w="45" w:type="dxa"/><w:right w:w="45" w:type="dxa"/></w:tblCellMar></w:tblPr>

<w:tcPr><w:vAlign w:val="center"/></w:tcPr>

<w:tblStylePr w:type="firstRow"><w:rPr><w:rFonts w:eastAsia="{_HEADING}"/></w:rPr>
<w:tcPr><w:shd w:val="clear" w:color="auto" w:fill="EDEDED"/></w:tcPr></w:tblStylePr>"""


@cache
def reference() -> bytes:
    """The file: A4, with every style that our reports use; somebody may change it and hand it to `make.docx`."""
    pandoc = subprocess.run(  # noqa: S603 - constants
        [pypandoc.get_pandoc_path(), "--print-default-data-file", "reference.docx"], capture_output=True, check=True
    )
    document = Document(io.BytesIO(pandoc.stdout))
    _page(document)
    _styles(document)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def completed(document: Docx) -> bytes:
    """Somebody's own file, and of our styles those that it lacks: reports name them."""
    known = {name for style in document.styles for name in (style.style_id, str(style.name).lower())}
    for style in Document(io.BytesIO(reference())).styles:
        if not known & {style.style_id, str(style.name).lower()}:
            document.styles.element.append(style.element)
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
            if style.name == "Verbatim Char":  # as large as the text in which it stands
                style.font.size = None
            if state:  # in black and white what is to be looked at is bold
                style.font.bold = str(style.name) != "state-ok"
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
    if look.frame:
        properties.find(qn("w:spacing")).addprevious(parse_xml(_FRAME))
        form.left_indent = form.right_indent = Pt(8)  # the frame stands outside the text
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
