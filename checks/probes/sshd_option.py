"""sshd 配置项: what the SSH server of a host really goes by (inspection-items, B07, B09, B11)."""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import Field

from checks.finding import Reason, State, Verdict
from checks.host_check import NotTaken, Section
from checks.probe_script import EXPECTED, meets, told, words
from checks.safe_probe import Kind, OnHost, ProbeParams, SafeProbe, Target, Vantage

COMMAND = """\
as_root sshd -T || exit
echo ::
text=$(for file in /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf; do
    if [ -r "$file" ]; then cat "$file"
    elif [ "$file" = /etc/ssh/sshd_config ] || [ -e "$file" ]; then as_root cat "$file" || exit
    fi
    echo Match all
done) || exit
printf '%s\\n' "$text" | awk -v option="$1" '
    { sub(/^[ \\t]+/, ""); key = tolower($1); sub(/=.*/, "", key) }
    key == "match" { within = tolower($2) != "all" }
    within && key == tolower(option) { sub(/^[^ \\t=]+[ \\t]*=?[ \\t]*/, ""); gsub(/"/, ""); print }
'
"""
"""What holds in general, and what a Match block says otherwise: `sshd -T` leaves these out."""


class SshdOption(ProbeParams):
    """The option and what it should be."""

    option: str = Field(
        "PermitRootLogin", pattern=r"^[A-Za-z0-9]{3,40}$", title="配置项", description="sshd_config 的名字"
    )
    expected: str = Field("no", pattern=EXPECTED, title="应为", description="几个可以的用 | 分开；数字的范围写 1..900")


class Option(NamedTuple):
    """values: in general; matched: in Match blocks."""

    values: tuple[str, ...]
    matched: tuple[str, ...]


def _ask(_: Target, params: SshdOption) -> Sequence[OnHost]:
    return [OnHost(COMMAND, (params.option,))]


def _judge(replies: Sequence[Section], params: SshdOption) -> Verdict:
    def parse(section: Section) -> Option:
        general, mark, matched = section.out.partition("\n::\n")
        if section.status or not mark:
            raise ValueError("sshd -T failed")
        pairs = [line.partition(" ")[::2] for line in general.splitlines()]
        mine = tuple(_named(value) for key, value in pairs if key.lower() == params.option.lower())
        return Option(mine, tuple(_named(line) for line in matched.splitlines() if line.strip()))

    seen = told(replies[0], parse)
    if not seen.values:
        raise NotTaken(Reason.UNSUPPORTED, f"这台主机的 sshd 没有配置项 {params.option}；请核对名字和版本")
    should = f"（应为 {words(params.expected)}）"
    if bad := [value for value in seen.values if not meets(value, params.expected)]:
        return Verdict(State.CRIT, f"{params.option} 是 {'、'.join(bad)[:80]}{should}")
    if bad := [value for value in seen.matched if not meets(value, params.expected)]:
        return Verdict(State.WARN, f"{params.option} 总体符合，但 Match 块里另设为 {'、'.join(bad)[:80]}{should}")
    return Verdict(State.OK, f"{params.option} 是 {'、'.join(seen.values)[:80]}{should}")


def _named(value: str) -> str:
    """sshd prints the old name."""
    return "prohibit-password" if value.strip() == "without-password" else value.strip()


CHECK = SafeProbe(
    id="sshd-option",
    title="sshd 配置项",
    version=1,
    vantages=frozenset({Vantage.HOST}),
    kind=Kind.HOST,
    params=SshdOption,
    ask=_ask,
    judge=_judge,
    sends="登录主机，以 root 运行 sshd -T（只打印生效的配置），再读 sshd_config 里的 Match 块",
    passes="生效的值是期望的；只有 Match 块里另设为部分",
    remedy="备份 `cp -p /etc/ssh/sshd_config /etc/ssh/sshd_config.bak`，改好这一项，`sshd -t` 无报错后 "
    "`systemctl reload sshd`；保留一个已登录的会话，另开一个试登录。退回：`cp -p /etc/ssh/sshd_config.bak "
    "/etc/ssh/sshd_config` 再 `systemctl reload sshd`。",
    classes=("SSH root 登录", "PermitRootLogin", "SSH 口令登录", "sshd 配置"),
)
