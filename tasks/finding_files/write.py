"""Tables of findings as files for a spreadsheet. What a report said is text and stays text: a cell that begins as a
formula would be run by whoever opens it (OWASP, CSV Injection)."""

import csv
import io
import re
from collections.abc import Sequence

_FORMULA = re.compile(r"\s*[=+\-@\t\r＝＋－＠]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")
_WIDEST = 50  # characters


def table_csv(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> bytes:
    """UTF-8 with its mark, by which Excel knows it; an apostrophe stands before what would be a formula."""
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([_inert(cell) for cell in line] for line in (heads, *lines))
    return out.getvalue().encode("utf-8-sig")


def table_xlsx(title: str, heads: Sequence[str], lines: Sequence[Sequence[str]]) -> bytes:
    """A workbook of one sheet; each cell says of itself that it is text."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "B2"
    for number, column in enumerate(zip(heads, *lines, strict=True), 1):
        widest = max(sum(2 if ord(each) > 0x7F else 1 for each in cell) for cell in column)
        sheet.column_dimensions[get_column_letter(number)].width = min(widest + 2, _WIDEST)
    for line in (heads, *lines):
        cells = []
        for text in line:
            cell = WriteOnlyCell(sheet, _CONTROL.sub(" ", text))
            cell.data_type = "s"  # openpyxl takes what begins with "=" for a formula
            cell.quotePrefix = bool(_FORMULA.match(text))
            cells.append(cell)
        if line is heads:
            for cell in cells:
                cell.font = Font(bold=True)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _inert(text: str) -> str:
    text = _CONTROL.sub(" ", text)
    return f"'{text}" if _FORMULA.match(text) else text
