"""服务已停用: neither running nor to be started with the host (inspection-items, B08 and 漏洞整改复测)."""

from collections.abc import Sequence

from pydantic import Field

from checks.finding import Reason, State, Verdict
from checks.host_check import NotTaken, Section
from checks.probe_script import told
from checks.safe_probe import Kind, OnHost, ProbeParams, SafeProbe, Target, Vantage

COMMAND = """\
unit=$1 process=$2
if [ -d /run/systemd/system ]; then
    echo Systemd=yes
    limit 20 systemctl show -p Id -p LoadState -p ActiveState -p UnitFileState "$unit.service" "$unit.socket" || exit
fi
for link in /etc/rc[2-5].d/S[0-9][0-9]"$unit" /etc/rc.d/rc[2-5].d/S[0-9][0-9]"$unit" \\
    /etc/init.d/S[0-9][0-9]"$unit" /etc/runlevels/*/"$unit"; do
    if [ -e "$link" ] || [ -L "$link" ]; then echo "StartLink=$link"; fi
done
if [ "$ME" = 0 ] || [ -r /proc/1/comm ]; then
    cat /proc/[0-9]*/comm 2>/dev/null | awk -v name="$process" '
        $0 == name { found++ }
        END { print "Running=" found + 0 }'
else echo Running=hidden
fi
"""
"""systemd's own words where it runs; start links of SysV, BusyBox and OpenRC; how many processes have the name."""

_COMM = 15  # characters that the kernel keeps of a program's name


class ServiceDisabled(ProbeParams):
    """Which service."""

    unit: str = Field("telnet", pattern=r"^[\w@:.\\-]{1,100}$", title="服务", description="单元名，不带 .service")
    process: str = Field("", pattern=r"^[\w.@+-]{0,100}$", title="进程名", description="不填与服务同名")


def _ask(_: Target, params: ServiceDisabled) -> Sequence[OnHost]:
    name = params.unit.removesuffix(".service").removesuffix(".socket")
    return [OnHost(COMMAND, (name, (params.process or name)[:_COMM]))]


def _parse(section: Section) -> list[tuple[str, str]]:
    pairs = [line.partition("=")[::2] for line in section.out.splitlines() if line.strip()]
    keys = {key for key, _ in pairs}
    if section.status or "Running" not in keys or ("Systemd" in keys and "LoadState" not in keys):
        raise ValueError("not our lines, or systemd does not answer")
    return pairs


def _judge(replies: Sequence[Section], params: ServiceDisabled) -> Verdict:
    pairs = told(replies[0], _parse)
    active = {value for key, value in pairs if key == "ActiveState"} & {"active", "activating", "reloading"}
    files = {value for key, value in pairs if key == "UnitFileState"}
    systemd = ("Systemd", "yes") in pairs
    # systemd passes over the start links of a service that has a unit of its own.
    links = [value for key, value in pairs if key == "StartLink" and (not systemd or "generated" in files)]
    enabled = sorted(files & {"enabled", "enabled-runtime", "linked", "linked-runtime"}) + links
    running = dict(pairs)["Running"]
    should = "（应停用且不自启动）"
    if active or running not in ("0", "hidden"):
        starts = "，并会自启动" if enabled else ""
        how = "运行中" if active else f"有 {running} 个同名进程"
        return Verdict(State.CRIT, f"{params.unit} {how}{starts}{should}")
    if enabled:
        return Verdict(State.WARN, f"{params.unit} 已停止，但会自启动：{enabled[0]}{should}")
    if running == "hidden":
        raise NotTaken(Reason.PERMISSION, "看不到别人的进程（/proc 以 hidepid 挂载）；请用能看的账号")
    installed = "" if {value for key, value in pairs if key == "LoadState"} - {"not-found"} else "（没有这个单元）"
    return Verdict(State.OK, f"{params.unit} 没有运行，也不自启动{installed if systemd else ''}{should}")


CHECK = SafeProbe(
    id="service-disabled",
    title="服务已停用",
    version=1,
    vantages=frozenset({Vantage.HOST}),
    kind=Kind.HOST,
    params=ServiceDisabled,
    ask=_ask,
    judge=_judge,
    sends="登录主机，用 systemctl show 读一个服务的状态，再看启动链接和进程名；不停、不启任何服务",
    passes="没有运行，也不自启动；只剩自启动为部分",
    remedy="`systemctl disable --now 服务名`（由 socket 激活的再加 `服务名.socket`）；没有 systemd 的主机 "
    "`service 服务名 stop` 再 `chkconfig 服务名 off` 或 `update-rc.d 服务名 disable`。"
    "退回：`systemctl enable --now 服务名`。",
    classes=("多余服务", "高危服务", "telnet", "明文协议"),
)
