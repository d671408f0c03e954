"""OS02 时间同步: whether the host follows a time source, and how far off it is. Thresholds: Checkmk (chrony, ntp).

Asked in turn: chronyc, ntpq, and timedatectl, which only knows whether. A daemon that will not be asked is no fault.
"""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate

from pydantic import Field

from checks.finding import Reason, State, Verdict
from checks.host_check import HostCheck, Look, NotTaken, Rising, Section
from checks.visit import Facts

COMMAND = """\
if command -v chronyc >/dev/null 2>&1; then
    echo '== chronyc'
    limit 5 chronyc -n tracking 2>&1 && return 0
    # chrony 可以设成只让 root 经套接字查询。
    if [ "$ME" != 0 ]; then as_root chronyc -n tracking && return 0; fi
fi
if command -v ntpq >/dev/null 2>&1; then
    echo '== ntpq'
    limit 10 ntpq -pn 2>&1
fi
if [ -d /run/systemd/system ] && command -v timedatectl >/dev/null 2>&1; then
    echo '== timedatectl'
    limit 5 timedatectl status 2>&1
fi
echo '== running'
[ -r /proc/1/comm ] && echo visible
grep -shx -e chronyd -e ntpd -e ptp4l /proc/[0-9]*/comm
return 0
"""


class Params(Rising):
    """Milliseconds, stratum, and for how long no source may have been heard. Source: Checkmk; silence: timesyncd's."""

    warn: float = Field(200, gt=0, title="告警（毫秒）")
    crit: float = Field(500, gt=0, title="严重（毫秒）")
    stratum: int = Field(10, gt=0, title="严重的层级", description="层级达到这个数即为严重")
    silent_hours: float = Field(
        2, gt=0, title="多久没有对时即告警（小时）", description="只有 chrony 给出最近对时的时间"
    )


class Sync(Facts):
    """What follows a source, if anything does. Offset in ms, always positive."""

    by: str  # chronyd, ntpd, timedatectl; empty: nothing was found
    trouble: str = ""  # why the clock is not synchronised; empty: it is
    stratum: int | None = None
    offset: float | None = None
    heard: datetime | None = None


def parse(section: Section) -> Sync:
    """The first that can tell."""
    parts = dict(re.findall(r"^== (\w+)\n(.*?)(?=^== |\Z)", section.out, re.M | re.S))
    if "Leap status" in (told := parts.get("chronyc", "")):
        return _chrony(told)
    if re.search(r"^ +remote +refid ", told := parts.get("ntpq", ""), re.M):
        return _ntp(told)
    if "running" not in parts:
        raise ValueError("no end")
    running = set(parts["running"].split())
    told = parts.get("timedatectl", "")
    synchronised = re.search(r"(?:System clock|NTP) synchronized: (yes|no)", told)
    if synchronised and synchronised[1] == "yes":
        return Sync(by="timedatectl")
    if daemons := sorted(running - {"visible"}):
        raise NotTaken(Reason.PERMISSION, f"{daemons[0]} 在运行，但问不到它的同步状态")
    if synchronised and re.search(r"NTP service: active|(?:NTP enabled|Network time on|\.service active): yes", told):
        return Sync(by="timedatectl", trouble="已启用时间同步，但系统时钟没有同步")
    for client, daemon in (("chronyc", "chronyd"), ("ntpq", "ntpd")):
        if client in parts:
            if "visible" not in running:
                raise NotTaken(Reason.PERMISSION, f"问不到 {daemon}，也看不到它是否在运行")
            return Sync(by=daemon, trouble=f"{daemon} 没有运行")
    if "timedatectl" in parts and not synchronised:
        heard = told.strip().splitlines() or ["没有输出"]
        raise NotTaken(Reason.UNSUPPORTED, f"timedatectl 没有回答：{heard[-1][:80]}")
    return Sync(by="")


def _chrony(told: str) -> Sync:
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in told.splitlines())}
    stratum = int(fields.get("Stratum", ""))
    offset = 1000 * abs(float(fields.get("System time", "").partition(" ")[0]))
    if fields.get("Leap status", "").startswith("Not sync"):
        return Sync(by="chronyd", trouble="chronyd 没有同步到任何时间源")
    if fields.get("Reference ID", "").startswith(("7F7F01", "127.127.1.")):
        return Sync(by="chronyd", trouble="chronyd 只跟着本机时钟走", stratum=stratum)
    date = parsedate(fields.get("Ref time (UTC)", ""))
    return Sync(by="chronyd", stratum=stratum, offset=offset, heard=datetime(*date[:6], tzinfo=UTC) if date else None)


def _ntp(told: str) -> Sync:
    peer = next((line[1:].split() for line in told.splitlines() if line.startswith(("*", "o"))), None)
    if peer is None:
        return Sync(by="ntpd", trouble="ntpd 没有同步到任何时间源")
    remote, *_refid, stratum, _type, _when, _poll, _reach, _delay, offset, _jitter = peer
    own = int(stratum) + 1
    if remote.startswith(("127.127.1.", "LOC")):
        return Sync(by="ntpd", trouble="ntpd 只跟着本机时钟走", stratum=own)
    return Sync(by="ntpd", stratum=own, offset=abs(float(offset)))


def evaluate(sync: Sync, look: Look[Sync], params: Params) -> Verdict:
    """Nobody cares for the time: a warning, for OS01 sees what comes of it. Who cares and fails: critical."""
    if not sync.by:
        return Verdict(State.WARN, "没有发现启用的时间同步（chrony、ntpd、timesyncd），期望有一个")
    if sync.trouble:
        return Verdict(State.CRIT, f"{sync.trouble}，期望已同步")
    if sync.stratum is not None and sync.stratum >= params.stratum:
        return Verdict(State.CRIT, f"{sync.by} 层级 {sync.stratum}，期望小于 {params.stratum}")
    if sync.offset is None:
        return Verdict(State.OK, "系统时钟已同步（timedatectl 不给出偏差），期望已同步")
    state = params.state(sync.offset)
    limit = timedelta(hours=params.silent_hours)
    if state is State.OK and sync.heard and (silent := look.now - sync.heard) > limit:
        hours = silent / timedelta(hours=1)
        return Verdict(State.WARN, f"{sync.by} 已 {hours:.0f} 小时没有对时，期望不超过 {params.silent_hours:g} 小时")
    return Verdict(state, f"{sync.by} 偏差 {sync.offset:.1f} 毫秒，期望小于 {params.warn:g} 毫秒，层级 {sync.stratum}")


CHECK = HostCheck("OS02", "时间同步", COMMAND, parse, evaluate, Sync, Params)
