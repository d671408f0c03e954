"""What tests of reports share: a cover, and numbers as queries answer with them."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from checks.number import Number
from checks.report_cover import Cover
from checks.secrecy import Grade
from tasks.report import FIGURES, Format

HEAD = "58:" + "7dc2" * 16


def cover(name: str = "2026-11-22", first: date = date(2026, 11, 22), last: date | None = None, **over: Any) -> Cover:
    """The first page of a report; its last day is its first where nothing is said."""
    plain: dict[str, Any] = {
        "name": name, "first": first, "last": last or first, "as_of": datetime(2026, 11, 23, 1, 0, tzinfo=UTC),
        "contract": "运行维护服务合同", "client": "某某中心", "contractor": "某某公司", "grade": Grade.MEDIUM,
        "head": HEAD, "calendar_version": "1.9.0", "contract_hash": "c0ffee" * 10, "contract_since": None,
        "code_version": "0.1.0",
    }  # fmt: skip
    return Cover(**plain | over)


def figure(value: float, text: str = "") -> Number:
    """A number that rests on one row."""
    return Number(value, "figures", ("row 1",), text)


def sourced(files: Mapping[Format, Path]) -> list[dict[str, Any]]:
    """The figures of a report that was made: each says by what query and from which rows it is; of nothing there are
    none."""
    one = files[Format.HTML]
    found: list[dict[str, Any]] = json.loads(one.with_suffix(FIGURES).read_text(encoding="utf-8"))["figures"]
    assert found
    assert [each for each in found if not each["query"] or not (each["rows"] or each["shown"] == "0")] == []
    return found
