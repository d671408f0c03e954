"""文件权限: mode and owner of one file or folder on a host (inspection-items, B10 and 漏洞整改复测)."""

from collections.abc import Sequence

from pydantic import Field

from checks.finding import State, Verdict
from checks.host_check import Section
from checks.probe_script import Path, told
from checks.safe_probe import Kind, OnHost, ProbeParams, SafeProbe, Target, Vantage

COMMAND = """\
if [ -e "$1" ]; then :
elif [ -x "${1%/*}/" ]; then echo "no such file: $1" >&2; exit 66
else as_root stat -L -c '%a %U %G' "$1"; exit
fi
stat -L -c '%a %U %G' "$1"
"""
_NAMES = r"^[\w.+-]+(\|[\w.+-]+)*$"


class FileMode(ProbeParams):
    """What may be at most."""

    path: Path = Field("/etc/shadow", title="路径", description="文件或目录，绝对路径；符号链接看它指向的")
    mode: str = Field("640", pattern=r"^[0-7]{3,4}$", title="最大权限", description="八进制；多出任何一位都不符合")
    owner: str = Field("root", pattern=_NAMES, title="属主", description="多个可以的用 | 分开")
    group: str = Field("", pattern=f"{_NAMES}|^$", title="属组", description="多个可以的用 | 分开；不填不看")


def _ask(_: Target, params: FileMode) -> Sequence[OnHost]:
    return [OnHost(COMMAND, (params.path,))]


def _parse(section: Section) -> tuple[int, str, str]:
    mode, owner, group = section.out.split()
    return int(mode, 8), owner, group


def _judge(replies: Sequence[Section], params: FileMode) -> Verdict:
    mode, owner, group = told(replies[0], _parse)
    most = int(params.mode, 8)
    wrong = [
        words
        for words, bad in (
            (f"权限 {mode:o}（应不超过 {most:o}）", mode & ~most),
            (f"属主 {owner}（应为 {params.owner.replace('|', ' 或 ')}）", owner not in params.owner.split("|")),
            (
                f"属组 {group}（应为 {params.group.replace('|', ' 或 ')}）",
                params.group and group not in params.group.split("|"),
            ),
        )
        if bad
    ]
    if wrong:
        return Verdict(State.CRIT, f"{params.path} {'，'.join(wrong)}")
    return Verdict(State.OK, f"{params.path} 权限 {mode:o}，属主 {owner}，属组 {group}；应不超过 {most:o}")


CHECK = SafeProbe(
    id="file-mode",
    title="文件权限",
    version=1,
    vantages=frozenset({Vantage.HOST}),
    kind=Kind.HOST,
    params=FileMode,
    ask=_ask,
    judge=_judge,
    sends="登录主机，用 stat 读一个文件或目录的权限和属主，不读内容",
    passes="权限不超过最大权限，属主（和属组）相符",
    remedy="先记下现状 `stat -c '%a %U:%G' 路径`，再 `chmod 640 路径`、`chown root:shadow 路径`；"
    "退回：按记下的值 `chmod`、`chown` 回去。",
    classes=("文件权限", "shadow 权限", "权限过大"),
)
