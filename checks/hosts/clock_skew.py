"""OS01 时钟偏差: the host's clock against the middle of the round trip."""

from pydantic import Field

from checks.finding import Verdict
from checks.host_check import HostCheck, Look, Rising, Section
from checks.visit import Facts

COMMAND = "date -u +%s"


class Params(Rising):
    """Seconds. Source: inspection-items, OS01."""

    warn: float = Field(2, gt=0, title="告警（秒）")
    crit: float = Field(60, gt=0, title="严重（秒）")


class Clock(Facts):
    """What the host takes the time to be, Unix time in whole seconds."""

    epoch: int


def parse(section: Section) -> Clock:
    """One number."""
    return Clock(epoch=int(section.out))


def evaluate(clock: Clock, look: Look[Clock], params: Params) -> Verdict:
    """What the round trip and the whole second leave open is in the host's favour."""
    off = clock.epoch + 0.5 - look.now.timestamp()
    sure = max(0.0, abs(off) - 0.5 - look.round_trip / 2)
    ahead = "快" if off > 0 else "慢"
    said = f"{ahead} {sure:.0f} 秒" if sure >= 1 else "偏差不到 1 秒"
    return Verdict(params.state(sure), f"{said}，期望小于 {params.warn:g} 秒")


CHECK = HostCheck("OS01", "时钟偏差", COMMAND, parse, evaluate, Clock, Params, at_once=True)
