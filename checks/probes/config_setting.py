"""配置项: one key of a configuration file on a host, nacos' `nacos.core.auth.enabled` and the like.

Only the values of this one key come back, and only where they look like a switch, a number or a name: what looks like
anything else is told as "other". A key that names a secret is refused.
"""

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from checks.finding import Reason, State, Verdict
from checks.host_check import NotTaken, Section
from checks.probe_script import EXPECTED, READ, Path, meets, told, words
from checks.safe_probe import Kind, OnHost, ProbeParams, SafeProbe, Target, Vantage

_SAY = """\
function say(value) {
    gsub(/^[ \\t"\\047]+|[ \\t\\r;"\\047]+$/, "", value)
    if (value ~ /^[$]/) print "variable"
    else if (length(value) <= 40 && value ~ /^[A-Za-z0-9_.,:\\/-]*$/ && value !~ /:\\/\\//) print "is " value
    else print "other"
}
"""
_LINES = r"""
/^[ \t]*\[.*\]/ { section = $0; gsub(/^[ \t]*\[|\].*$/, "", section); next }
/^[ \t]*[#!;]/ { next }
{
    line = $0; sub(/^[ \t]+/, "", line)
    name = line; sub(/[ \t]*[=: \t].*$/, "", name)
    if (name != key && section "." name != key) next
    sub(/^[^=: \t]+[ \t]*[=:]?/, "", line)
    if (!java) sub(/[ \t]+#.*$/, "", line)
    say(line)
}
"""
_YAML = r"""
/^[ \t]*(#|$)/ { next }
/^---/ { depth = 0; next }
{
    match($0, /^[ ]*/); column = RLENGTH; line = substr($0, column + 1)
    while (depth && at[depth] >= column) depth--
    colon = index(line, ":")
    if (!colon || line ~ /^- /) next
    name = substr(line, 1, colon - 1); gsub(/["\047]/, "", name)
    depth++; at[depth] = column; path[depth] = depth > 1 ? path[depth - 1] "." name : name
    line = substr(line, colon + 1); sub(/^[ \t]+/, "", line); sub(/(^|[ \t]+)#.*$/, "", line)
    if (path[depth] == key && line != "") say(line)
}
"""
COMMAND = f"""\
{READ}\
case $1 in
*.yml | *.yaml) printf '%s\\n' "$text" | awk -v key="$2" '{_SAY}{_YAML}' ;;
*.properties) printf '%s\\n' "$text" | awk -v key="$2" -v java=1 '{_SAY}{_LINES}' ;;
*) printf '%s\\n' "$text" | awk -v key="$2" '{_SAY}{_LINES}' ;;
esac
"""
"""Lines "is VALUE", "other" (anything that is no short word), "variable" (it is taken from elsewhere)."""

_SECRET = re.compile(r"passw|pwd|secret|credential|private|(?<![a-z])token(?![a-z])|(?<![a-z])key$", re.IGNORECASE)


def _no_secret(key: str) -> str:
    if _SECRET.search(key):
        raise ValueError("不读口令、密钥、令牌一类的键")
    return key


class ConfigSetting(ProbeParams):
    """Where, which, and what it should be."""

    path: Path = Field("/opt/nacos/conf/application.properties", title="文件", description="绝对路径")
    key: Annotated[str, AfterValidator(_no_secret)] = Field(
        "nacos.core.auth.enabled",
        pattern=r"^[A-Za-z][\w.\-]{0,99}$",
        title="键",
        description="YAML 的层次和 ini 的节用点连起来",
    )
    expected: str = Field("true", pattern=EXPECTED, title="应为", description="几个可以的用 | 分开；范围写 1..900")
    default: str = Field("", pattern=r"^[\w.,:/-]*$", title="默认值", description="没有写这一项时实际生效的值")


def _ask(_: Target, params: ConfigSetting) -> Sequence[OnHost]:
    return [OnHost(COMMAND, (params.path, params.key))]


def _parse(section: Section) -> tuple[str, ...]:
    lines = tuple(section.out.splitlines())
    if section.status or not all(line in ("other", "variable") or line.startswith("is ") for line in lines):
        raise ValueError("not our lines")
    return tuple(line.strip() for line in lines)


def _judge(replies: Sequence[Section], params: ConfigSetting) -> Verdict:
    seen = told(replies[0], _parse)
    should = f"（应为 {words(params.expected)}）"
    if not seen:
        if params.default and meets(params.default, params.expected):
            return Verdict(State.OK, f"没有写 {params.key}，按默认值 {params.default}{should}")
        default = f"，按默认值 {params.default}" if params.default else ""
        return Verdict(State.CRIT, f"没有写 {params.key}{default}{should}")
    values = {line.removeprefix("is").strip() for line in seen if line.startswith("is")}
    if bad := sorted(value for value in values if not meets(value, params.expected)):
        return Verdict(State.CRIT, f"{params.key} 是 {'、'.join(value or '空' for value in bad)}{should}")
    if "other" in seen:
        return Verdict(State.CRIT, f"{params.key} 另有其值，不显示{should}")
    if "variable" in seen:
        what = f"{params.key} 取自环境变量，从文件看不出；请核对启动参数，或在文件里写明"
        raise NotTaken(Reason.UNSUPPORTED, what)
    return Verdict(State.OK, f"{params.key} 是 {'、'.join(sorted(values))}{should}")


CHECK = SafeProbe(
    id="config-setting",
    title="配置项",
    version=1,
    vantages=frozenset({Vantage.HOST}),
    kind=Kind.HOST,
    params=ConfigSetting,
    ask=_ask,
    judge=_judge,
    sends="登录主机，读一个配置文件，只取回指定的一个键的值；像口令或地址的值不取回",
    passes="该键的值是期望的；没有写的按填写的默认值判断",
    remedy="备份 `cp -p 文件 文件.bak`，改好这一项，按产品手册重启或重新加载，再试用一次。"
    "退回：`cp -p 文件.bak 文件` 后同样重启。",
    classes=("nacos 未授权", "nacos", "配置不当"),
)
