"""OS21 日志服务: whether anything writes the system's log. Lynis LOGG-2130, LOGG-2136."""

from checks.finding import State, Verdict
from checks.host_check import HostCheck, Look, Params, Section
from checks.hosts.cron import COMMAND, Running, running
from checks.visit import Facts

NAMES = {
    "rsyslogd": "rsyslogd",
    "syslog-ng": "syslog-ng",
    "syslogd": "syslogd",
    "systemd-journal": "systemd-journald",  # 15 characters is all that the kernel keeps
}


class LogServices(Facts):
    """Which run."""

    names: tuple[str, ...]


def parse(section: Section) -> LogServices:
    """The usual implementations."""
    found: Running = running(section, tuple(NAMES))
    return LogServices(names=tuple(NAMES[name] for name in found.names))


def evaluate(found: LogServices, look: Look[LogServices], params: Params) -> Verdict:
    """None is critical. One fewer than last time is a warning: without rsyslogd, journald alone may forget at boot."""
    named = "、".join(found.names)
    if not found.names:
        return Verdict(State.CRIT, "没有日志服务，期望 rsyslogd 或 systemd-journald 在运行")
    gone = [name for name in look.last.facts.names if name not in found.names] if look.last else []
    if gone:
        return Verdict(State.WARN, f"{named} 在运行，{'、'.join(gone)} 停了，期望与上次巡检相同")
    return Verdict(State.OK, f"{named} 在运行，期望至少一个")


CHECK = HostCheck("OS21", "日志服务", COMMAND, parse, evaluate, LogServices, Params, at_once=True)
