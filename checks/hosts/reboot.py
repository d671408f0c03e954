"""OS03 异常重启: whether the host was started since the last inspection, and nobody said that it would be."""

from datetime import date, datetime, timedelta, timezone

from pydantic import Field

from checks.finding import State, Verdict
from checks.host_check import HostCheck, Look, Params, Section
from checks.visit import Facts

COMMAND = "line /proc/uptime"
"""proc(5): seconds since the start, and seconds spent idle."""

_BEIJING = timezone(timedelta(hours=8))


class Registered(Params):
    """Days in Beijing time."""

    registered: tuple[date, ...] = Field((), title="已登记的重启日期", description="这些日子（北京时间）的重启不告警")


class Uptime(Facts):
    """Seconds since the start."""

    seconds: float


def parse(section: Section) -> Uptime:
    """Two numbers; the first counts."""
    uptime, _idle = section.out.split()
    return Uptime(seconds=float(uptime))


def evaluate(uptime: Uptime, look: Look[Uptime], params: Registered) -> Verdict:
    """Started after the last inspection: rebooted. How long it had been up before does not matter, for the uptime of
    a paused virtual machine lags."""
    started = (look.now - timedelta(seconds=uptime.seconds)).astimezone(_BEIJING)
    told = _minute(started)
    if look.last is None:
        return Verdict(State.OK, f"首次巡检，作为基线；启动于 {told}")
    if started <= look.last.at:
        days = uptime.seconds / 86400
        return Verdict(State.OK, f"上次巡检以来没有重启，期望没有；启动于 {told}，已运行 {days:.0f} 天")
    if started.date() in params.registered:
        return Verdict(State.OK, f"{told} 重启，当天已登记")
    since = _minute(look.last.at)
    return Verdict(State.WARN, f"{told} 重启，期望上次巡检（{since}）以来没有未登记的重启")


def _minute(at: datetime) -> str:
    return at.astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M")


CHECK = HostCheck("OS03", "异常重启", COMMAND, parse, evaluate, Uptime, Registered, at_once=True)
