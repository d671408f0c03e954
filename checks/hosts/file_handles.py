"""OS11 文件句柄: how many files the whole host has open, of how many it may. Thresholds: node_exporter mixin."""

from math import floor

from pydantic import Field

from checks.finding import Verdict
from checks.host_check import HostCheck, Look, Rising, Section
from checks.visit import Facts

COMMAND = "line /proc/sys/fs/file-nr"
"""proc(5): allocated, free (always 0 since Linux 2.6), and the limit."""

_UNLIMITED = 2**62  # Linux 5.x with systemd sets 2**63 - 1


class Params(Rising):
    """Per cent of fs.file-max."""

    warn: float = Field(70, gt=0, le=100, title="告警（%）")
    crit: float = Field(90, gt=0, le=100, title="严重（%）")


class FileHandles(Facts):
    """Numbers of open files."""

    used: int
    limit: int = Field(gt=0)


def parse(section: Section) -> FileHandles:
    """Columns 1 and 3."""
    used, _free, limit = section.out.split()
    return FileHandles(used=int(used), limit=int(limit))


def evaluate(handles: FileHandles, look: Look[FileHandles], params: Params) -> Verdict:
    """The actual beside the expected."""
    percent = 100 * handles.used / handles.limit
    limit = "不限个数" if handles.limit >= _UNLIMITED else f"上限 {handles.limit}"
    return Verdict(
        params.state(percent), f"已用 {floor(percent)}%（{handles.used} 个，{limit}），期望小于 {params.warn:g}%"
    )


CHECK = HostCheck("OS11", "文件句柄", COMMAND, parse, evaluate, FileHandles, Params, at_once=True)
