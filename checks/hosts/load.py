"""OS05 负载/核: how many tasks run or wait, for each processor. Thresholds: Checkmk."""

from math import floor

from pydantic import Field

from checks.finding import Verdict
from checks.host_check import HostCheck, Look, Rising, Section
from checks.hosts.cpu import COMMAND, EARLY, averages
from checks.visit import Facts


class Params(Rising):
    """The average of 15 minutes for each processor that is online."""

    warn: float = Field(5, gt=0, title="告警（每核）")
    crit: float = Field(10, gt=0, title="严重（每核）")


class Load(Facts):
    """The averages of proc(5), of all processors together."""

    one: float
    five: float
    fifteen: float
    processors: int = Field(gt=0)


def parse(section: Section) -> Load:
    """proc(5), /proc/loadavg, and a line of /proc/stat for each processor."""
    (one, five, fifteen), processors = averages(section.out)
    return Load(one=one, five=five, fifteen=fifteen, processors=processors)


def evaluate(load: Load, look: Look[Load], params: Params) -> Verdict:
    """Tasks in state D count in it too, so that it may be high on an idle processor."""
    each = load.fifteen / load.processors
    said = f"15 分钟负载每核 {floor(100 * each) / 100:g}（{load.fifteen:g}，{load.processors} 核）"
    return Verdict(params.state(each), f"{said}，期望小于 {params.warn:g}")


CHECK = HostCheck("OS05", "负载/核", COMMAND, parse, evaluate, Load, Params, early=EARLY, at_once=True)
