"""Reports of findings as files: tables (CSV, XLSX), SARIF 2.1.0, Trivy's and nuclei's JSON. The only importer of
openpyxl.

The file may be anything. A workbook is read in a process of its own with limits on memory and time.
"""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from checks import os_words
from checks.finding_columns import Table, check_mapping, table_of
from checks.slots import RequestError
from tasks.contract_folder import ContractError
from tasks.contract_folder.sheet import Sheet
from tasks.finding_files import parse, scanners
from tasks.finding_files.parse import MEMORY, ROWS, SECONDS

__all__ = ["FindingFileError", "mapping_of", "read"]

_LARGEST = 64 * 2**20  # bytes
_REMEDY = "从 Excel、WPS 另存为 .xlsx 或 CSV（UTF-8 或 GB 18030）"
_DELIMITERS = ",;\t"


class FindingFileError(Exception):
    """A report cannot be read; the message is for the operator, with the remedy."""


def read(path: Path, mapping: Mapping[str, str], given: Collection[str] = ()) -> Table:
    """Read a report.

    Args:
        mapping: header by field, of a table; see `checks.finding_columns`.
        given: fields that need no column.

    Raises:
        FindingFileError: it cannot be read, is empty, too large, broken, hostile, or of a kind that we do not know.
    """
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= _LARGEST else b""
    except OSError as error:
        raise FindingFileError(f"读不出 {path}：{os_words.say(error)}；核对文件名和权限") from error
    try:
        if size > _LARGEST:
            raise RequestError(f"{size >> 20} MB，上限 {_LARGEST >> 20} MB；分成几个文件")
        if not content.strip():
            raise RequestError(f"是空文件；{_REMEDY}")
        return _table(content, mapping, given)
    except RequestError as error:
        raise FindingFileError(f"{path.name}：{error}") from error


def mapping_of(path: Path) -> dict[str, str]:
    """Which header is which field, from a YAML file: `title: 弱点名称`.

    Raises:
        FindingFileError: it cannot be read, or is no such mapping.
    """
    sheet = Sheet(path.parent, path.name)
    if sheet.errors:
        raise FindingFileError(_first(ContractError(sheet.errors), path))
    data = sheet.data
    if not isinstance(data, dict) or not all(isinstance(one, str) for one in data.values()):
        raise FindingFileError(f"{path.name}：每行写“字段: 表里的列名”，例如 title: 弱点名称")
    try:
        check_mapping(data)
    except RequestError as error:
        raise FindingFileError(f"{path.name}：{error}") from error
    return data


def _first(errors: ContractError, path: Path) -> str:
    one = errors.errors[0]
    return f"{path.name} 第 {one.line} 行：{one.what}；{one.remedy}"


def _table(content: bytes, mapping: Mapping[str, str], given: Collection[str]) -> Table:
    if content.startswith(b"PK"):
        return table_of(_workbook(content), mapping, given)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise RequestError(f"是旧版 .xls，或加了打开口令；{_REMEDY}")
    text = _decoded(content)
    if text.lstrip().startswith(("{", "[")):
        return Table(scanners.rows(text), {})
    if text.lstrip().startswith("<"):
        raise RequestError(f"是 XML 或网页；在扫描器里导出 CSV 或 SARIF，或{_REMEDY}")
    return table_of(_csv(text), mapping, given)


def _workbook(content: bytes) -> list[list[str]]:
    command = [sys.executable, "-P", "-X", "utf8", parse.__file__]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=SECONDS + 30, check=False)  # noqa: S603
        said = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):  # it was killed: out of time or out of memory
        raise RequestError(f"{SECONDS} 秒、{MEMORY >> 30} GiB 内存之内没有读完；{_REMEDY}") from None
    if "error" in said:
        raise RequestError(f"{said['error']}；{_REMEDY}")
    lines: list[list[str]] = said["lines"]
    return lines


def _decoded(content: bytes) -> str:
    """As Excel and WPS write CSV: UTF-8 with or without its mark, UTF-16 with it, GB 18030."""
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise RequestError(f"不是文字，或编码不是 UTF-8、GB 18030；{_REMEDY}")


def _csv(text: str) -> list[list[str]]:
    head = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    lines: list[list[str]] = []
    try:
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if len(lines) > ROWS:
                raise RequestError(f"超过 {ROWS} 行；分成几个文件")
            lines.append(line)
    except csv.Error as error:
        raise RequestError(f"第 {len(lines) + 1} 行读不懂（{error}）；{_REMEDY}") from None
    return lines
