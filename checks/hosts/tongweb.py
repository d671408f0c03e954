"""TW1 TongWeb 6 to 8: its process, when its licence expires, and on which addresses the console listens.

Written from documentation (TongWeb V7 user manual: -Dtongweb.home, license.dat, console on port 9060); the licence's
own format is not published, so that the contract may name the day of expiry instead.
"""

import ipaddress
import re
from datetime import date

from pydantic import Field

from checks.finding import Reason, State, Verdict
from checks.host_check import HostCheck, Look, Section
from checks.host_check import Params as Common
from checks.services import JVMS, both, parts
from checks.visit import Facts

COMMAND = rf"""{JVMS}
echo '=== homes'
for pid in $(jvms -Dtongweb.home=); do
    home=$(property tongweb.home "$pid"); home=${{home#*=}}
    echo "$home"
done
echo '=== licence'
file=${{1:-$home/license.dat}}
if [ -r "$file" ]; then grep -aiE 'end|expir|到期|截止|有效' "$file" | head -n 20; fi
echo '=== listening'
port=$(printf %04X "$2")
cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep ": [0-9A-F]*:$port [0-9A-F:]* 0A "
echo '=== end'
"""

_DAY = re.compile(r"(20\d\d)[-/.年]?(1[0-2]|0?[1-9])[-/.月]?(3[01]|[12]\d|0?[1-9])(?!\d)")


class Params(Common):
    """Days as those of a certificate, inspection-items OS25 and TW1; 9060: TongWeb's default."""

    instances: int = Field(1, ge=1, title="应有的实例数")
    license_file: str = Field("", pattern="^(/.*)?$", title="授权文件", description="空为安装目录下的 license.dat")
    licensed_until: date | None = Field(None, title="授权到期日", description="授权文件读不出日期时写")
    warn_days: int = Field(30, ge=1, title="授权剩余告警（天）")
    crit_days: int = Field(7, ge=0, title="授权剩余严重（天）")
    admin_port: int = Field(9060, ge=1, le=65535, title="控制台端口")
    admin_open: bool = Field(False, title="允许控制台监听所有地址", description="由防火墙限制来源时写")


class TongWeb(Facts):
    """`expires`: the latest day in the licence, None where it shows none; `console`: the addresses it listens on."""

    running: int
    expires: date | None
    console: tuple[str, ...]


def parse(section: Section) -> TongWeb:
    """The latest day in the licence is when it ends."""
    said = parts(section.out)
    if "end" not in said:
        raise ValueError(section.err)
    days = [date(*map(int, match.groups())) for match in _DAY.finditer(said["licence"])]
    console = sorted({_address(line.split()[1]) for line in said["listening"].splitlines()})
    return TongWeb(running=len(said["homes"].splitlines()), expires=max(days, default=None), console=tuple(console))


def _address(text: str) -> str:
    """/proc/net/tcp: the address in words of the machine's byte order (proc(5)); all that we meet are little-endian."""
    address = text.partition(":")[0]
    words = [bytes.fromhex(address[place : place + 8])[::-1] for place in range(0, len(address), 8)]
    ip = ipaddress.ip_address(b"".join(words))
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return str(mapped or ip)


def evaluate(facts: TongWeb, look: Look[TongWeb], params: Params) -> Verdict:
    """The worst of the three."""
    if facts.running < params.instances:
        return Verdict(State.CRIT, f"TongWeb 在运行 {facts.running} 个，期望 {params.instances} 个")
    return both(
        Verdict(State.OK, f"TongWeb 在运行 {facts.running} 个"), _licence(facts, look, params), _console(facts, params)
    )


def _licence(facts: TongWeb, look: Look[TongWeb], params: Params) -> Verdict:
    expires = facts.expires or params.licensed_until
    if expires is None:
        return Verdict(State.UNKNOWN, "授权文件里读不出到期日，请在合同里写", Reason.UNSUPPORTED)
    left = (expires - look.now.date()).days
    state = State.CRIT if left < params.crit_days else State.WARN if left < params.warn_days else State.OK
    return Verdict(state, f"授权到期日 {expires}，剩 {left} 天，期望不少于 {params.warn_days} 天")


def _console(facts: TongWeb, params: Params) -> Verdict:
    at = [ipaddress.ip_address(address) for address in facts.console]
    public = next((address for address in at if address.is_global), None)
    if public is not None:
        return Verdict(State.CRIT, f"控制台监听公网地址 {public}:{params.admin_port}，期望只监听内网地址")
    if any(address.is_unspecified for address in at) and not params.admin_open:
        return Verdict(State.WARN, f"控制台端口 {params.admin_port} 监听所有地址，期望只监听本机或管理网地址")
    return Verdict(State.OK, f"控制台端口 {params.admin_port} {'未对公网开放' if at else '未监听'}")


CHECK = HostCheck(
    "TW1",
    "TongWeb",
    COMMAND,
    parse,
    evaluate,
    TongWeb,
    Params,
    "tongweb",
    lambda params: (params.license_file, str(params.admin_port)),
)
