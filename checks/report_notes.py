"""填写的内容: what people say in a report where the ledger has nothing (故障报告: 影响范围, 原因, 处置, 改进措施).

Each entry is one event. One that turns out wrong is corrected by another that names it; nothing is deleted.
"""

import unicodedata
from collections.abc import Sequence
from datetime import datetime

from checks.entries import Who
from checks.records import Event, EventRecord, standing
from checks.slots import RequestError

REPORT_NOTE = "report-note"
"""The events' kind. Subject: "monthly/2026-10"; body: section, text. A correction names what it corrects."""

LONGEST = 2000
"""Characters of one entry: what is longer is a document of its own, and is attached."""

_UNSEEN = ("Cc", "Cf", "Co", "Cs")  # control, format, private use, halves of characters


def entry(
    report: str, section: str, text: str, by: Who, known: Sequence[EventRecord], now: datetime, corrects: int = 0
) -> Event:
    """The event that puts on record what somebody says for a section of a report.

    Args:
        report: "incident/G-2026-0007".
        section: as `section_of` gives it.
        known: every entry on record.
        corrects: the entry that was wrong; 0: none.

    Raises:
        RequestError: nobody's name, nothing said, too much, what nobody can see, no such entry to correct.
    """
    if not by.name.strip():
        raise RequestError("写明操作人：谁填写的")
    _check("操作人", by.name.strip())
    said = _clean(text)
    if corrects and not any(one.id == corrects and one.subject == report for one in standing(known)):
        here = [f"{one.id}" for one in standing(known) if one.subject == report]
        raise RequestError(f"{report} 没有可更正的第 {corrects} 号事件；可更正：{'、'.join(here) or '还没有填写过'}")
    return Event(
        kind=REPORT_NOTE, subject=report, at=now, who=by.name.strip(), why=by.why, via=by.via,
        body={"section": section, "text": said}, corrects=corrects or None,
    )  # fmt: skip


def _clean(text: str) -> str:
    """What was said, without empty lines and without spaces at the ends of lines."""
    lines = [line.strip() for line in text.splitlines()]
    said = "\n".join(line for line in lines if line)
    if not said:
        raise RequestError("没有写内容")
    if len(said) > LONGEST:
        raise RequestError(f"内容有 {len(said)} 字，最多 {LONGEST} 字；更多的写成附件")
    _check("内容", said, "\n")
    return said


def _check(what: str, text: str, but: str = "") -> None:
    for number, char in enumerate(text, 1):
        if char not in but and unicodedata.category(char) in _UNSEEN:
            raise RequestError(f"{what}的第 {number} 个字是看不见的控制字符（U+{ord(char):04X}），删去再登记")


def section_of(sections: Sequence[str], said: str) -> str:
    """The section that somebody means: 四、原因, or 原因 alone.

    Raises:
        RequestError: the report has none of that name, or none at all that people fill in.
    """
    if not sections:
        raise RequestError("这种报告没有由人填写的节")
    wanted = _bare(said)
    for one in sections:
        if wanted in (_bare(one), _bare(one.rpartition("、")[2])):
            return one
    raise RequestError(f"没有“{said.strip()}”这一节由人填写；可填：{'，'.join(sections)}")


def _bare(text: str) -> str:
    return "".join(text.split())
