"""B15 审计记录, B16 日志保护: records have a time that is right and somebody who writes them; nobody else reads them,
they go elsewhere, and they are kept."""

from pydantic import Field

from checks.clauses import CLAUSES
from checks.finding import State, Verdict
from checks.host_check import HostCheck, Look, Params, Section
from checks.hosts import cron, log_service, time_sync
from checks.services import both, parts
from checks.visit import Facts

RECORDS = f"""\
echo '=== running'
(
{cron.COMMAND}
) || exit
echo '=== time'
{time_sync.COMMAND}"""

KEEPING = """\
echo '=== modes'
stat -c '%a %n' /var/log/syslog /var/log/messages /var/log/secure /var/log/auth.log /var/log/audit/audit.log 2>/dev/null
echo '=== elsewhere'
grep -rshE '^[^#]*([[:space:]]@{1,2}[[:alnum:][(]|omfwd|omrelp)' /etc/rsyslog.conf /etc/rsyslog.d
grep -rshE '^[^#]*(URL=|tcp\\(|udp\\(|syslog\\()' /etc/systemd/journal-upload.conf /etc/syslog-ng/syslog-ng.conf
echo '=== kept'
grep -shE '^[[:space:]]*(daily|weekly|monthly|yearly|rotate[[:space:]]|maxage[[:space:]])' \\
    /etc/logrotate.conf /etc/logrotate.d/rsyslog /etc/logrotate.d/syslog
return 0"""
"""The configuration for system logs overrides logrotate.conf, so it comes last."""

_DAYS = {"daily": 1, "weekly": 7, "monthly": 30, "yearly": 365}


class Recording(Facts):
    """Which log services run, and how the clock is kept."""

    writers: tuple[str, ...]
    sync: time_sync.Sync


class Kept(Params):
    """Source: inspection-items, B16 (six months)."""

    days: int = Field(180, ge=1, title="至少保留几天")


class Keeping(Facts):
    """modes: octal, by file; elsewhere: how many destinations; days: how long logrotate keeps."""

    modes: dict[str, str]
    elsewhere: int
    days: int


def _parse_records(section: Section) -> Recording:
    said = parts(section.out)
    writers = log_service.parse(section._replace(out=said["running"]))
    return Recording(writers=writers.names, sync=time_sync.parse(section._replace(out=said["time"])))


def _records(facts: Recording, look: Look[Recording], params: Params) -> Verdict:
    """What OS02 calls a warning, that nobody cares for the time, is no pass here either."""
    writers = "、".join(facts.writers)
    state = State.OK if writers else State.CRIT
    logs = Verdict(state, f"日志服务 {writers or '没有'}，期望至少一个在运行")
    clock = time_sync.evaluate(facts.sync, Look(look.now, look.round_trip), time_sync.Params())
    return both(logs, clock)


def _parse_keeping(section: Section) -> Keeping:
    said = parts(section.out)
    modes = {name: mode for mode, name in (line.split(None, 1) for line in said["modes"].splitlines())}
    if not modes:
        raise ValueError("no logs")
    return Keeping(modes=modes, elsewhere=len(said["elsewhere"].splitlines()), days=_days(said["kept"]))


def _days(text: str) -> int:
    """logrotate(8): `rotate` times the interval; `maxage` ends it earlier."""
    every, times, most = 7, 0, 0
    for name, *values in (line.split() for line in text.splitlines()):
        if name in _DAYS:
            every = _DAYS[name]
        elif values and values[0].isdecimal():
            times, most = (int(values[0]), most) if name == "rotate" else (times, int(values[0]))
    return min(every * times, most) if most else every * times


def _keeping(facts: Keeping, look: Look[Keeping], params: Kept) -> Verdict:
    wide = [f"{name} {mode}" for name, mode in facts.modes.items() if int(mode, 8) & ~0o640]
    met = (not wide, facts.elsewhere > 0, facts.days >= params.days)
    said = f"{'、'.join(wide) + ' 太宽' if wide else '日志权限合适'}，{'' if facts.elsewhere else '没有'}送到别处"
    state = State.OK if all(met) else State.WARN if any(met) else State.CRIT
    return Verdict(state, f"{said}，保留 {facts.days} 天；期望不宽于 640、送到别处、至少 {params.days} 天")


CHECKS = (
    HostCheck("B15", CLAUSES["B15"].title, RECORDS, _parse_records, _records, Recording, Params),
    HostCheck("B16", CLAUSES["B16"].title, KEEPING, _parse_keeping, _keeping, Keeping, Kept),
)
