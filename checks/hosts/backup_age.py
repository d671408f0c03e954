"""OS24 备份新鲜度: whether the newest backup is young enough, and not much smaller than the one before."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import BaseModel, Field

from checks.finding import Reason, State, Verdict, worst
from checks.host_check import HostCheck, Look, NotTaken, Params, Section
from checks.visit import Facts

COMMAND = """\
while [ $# -ge 2 ]; do
    printf 'folder %s\\n' "$1"
    seen=$(limit 10 stat -L -c %F "$1" 2>&1) || case $? in 124 | 137 | 143) exit 137 ;; esac
    case $seen in
    directory)
        if [ -r "$1" ] && [ -x "$1" ]; then
            files=$(limit 20 find "$1/" -maxdepth 1 -type f -name "$2" -exec stat -c 'file %Y %s' {} +)
            status=$?
            case $status in 124 | 137 | 143) exit 137 ;; esac
            if [ "$status" != 0 ] && [ -z "$files" ]; then echo odd; fi
            printf '%s\\n' "$files" | sort -k 2,2nr | head -n 2
        else
            echo denied
        fi
        ;;
    *ermission\\ denied*) echo denied ;;
    *o\\ such\\ file*) echo missing ;;
    *) echo odd ;;
    esac
    shift 2
done"""
"""Of each folder the two newest files: time of the last change and size, no names. The folder may be a dead mount."""


class Folder(BaseModel, frozen=True, extra="forbid"):
    """Where one kind of backup lies. The pattern must fit that kind alone, for sizes are compared."""

    path: str = Field(pattern=r"^/[^\r\n]*$", title="目录")
    pattern: str = Field("*", min_length=1, pattern=r"^[^/\r\n]+$", title="文件名", description="例如 *.sql.gz")
    rpo_hours: float = Field(26, gt=0, title="最久间隔（小时）")


class BackupParams(Params):
    """26 hours: daily, and two to be late. Source of 50 %: inspection-items, OS24."""

    folders: tuple[Folder, ...] = Field((), title="备份目录")
    shrunk: float = Field(50, gt=0, lt=100, title="比上一份小到（%）以下告警")


class Backup(Facts):
    """What lies in a folder. `state`: "", "missing", "denied" or "odd"; `newest`: Unix time; sizes in bytes."""

    path: str
    state: str = ""
    newest: int | None = None
    size: int = 0
    previous: int | None = None


class Backups(Facts):
    """One for each folder of the contract, in its order."""

    backups: tuple[Backup, ...]


def parse(section: Section) -> Backups:
    """`folder PATH`, then `missing`, `denied`, `odd` or up to two `file TIME SIZE`, newest first."""
    if section.status or not section.out.startswith("folder /"):
        raise ValueError("no folders")
    parts = ("\n" + section.out).split("\nfolder ")[1:]
    return Backups(backups=tuple(_backup(*part.partition("\n")[::2]) for part in parts))


def _backup(path: str, rest: str) -> Backup:
    lines = [line for line in rest.splitlines() if line]
    if lines in (["missing"], ["denied"], ["odd"]):
        return Backup(path=path, state=lines[0])
    files = [(int(time), int(size)) for _, time, size in (line.split() for line in lines)]
    if not files:
        return Backup(path=path)
    return Backup(path=path, newest=files[0][0], size=files[0][1], previous=files[1][1] if files[1:] else None)


def _verdict(backup: Backup, folder: Folder, shrunk: float, now: datetime) -> Verdict:
    expected = f"期望 {folder.rpo_hours:g} 小时以内"
    if backup.state == "denied":
        return Verdict(State.UNKNOWN, f"{backup.path} 没有读取权限", Reason.PERMISSION)
    if backup.state == "odd":
        return Verdict(State.UNKNOWN, f"{backup.path} 不是目录，或者读目录时出错", Reason.CONFIGURATION)
    if backup.state == "missing":
        return Verdict(State.CRIT, f"{backup.path} 不存在，{expected}有备份")
    if backup.newest is None:
        return Verdict(State.CRIT, f"{backup.path} 没有 {folder.pattern}，{expected}有备份")
    hours = (now.timestamp() - backup.newest) / 3600
    said = f"{backup.path} 最新备份 {max(0.0, hours):.1f} 小时前，{expected}"
    if hours > folder.rpo_hours:
        return Verdict(State.CRIT, said)
    if not backup.size:
        return Verdict(State.CRIT, f"{said}，但文件是空的")
    if backup.previous and backup.size < backup.previous * shrunk / 100:
        percent = 100 * backup.size / backup.previous
        return Verdict(State.WARN, f"{backup.path} 最新备份只有上一份的 {percent:.3g}%，期望不低于 {shrunk:g}%")
    return Verdict(State.OK, said)


def _all(backups: Backups, params: BackupParams, now: datetime) -> Iterator[Verdict]:
    for backup, folder in zip(backups.backups, params.folders, strict=True):
        yield _verdict(backup, folder, params.shrunk, now)


def evaluate(backups: Backups, look: Look[Backups], params: BackupParams) -> Verdict:
    """The worst folder decides."""
    if [one.path for one in backups.backups] != [one.path for one in params.folders]:
        raise NotTaken(Reason.INCOMPLETE, "主机的回答里没有全部备份目录")
    verdicts = list(_all(backups, params, look.now))
    state = worst(one.state for one in verdicts)
    first = next(one for one in verdicts if one.state is state)
    others = sum(one.state is not State.OK for one in verdicts) - 1
    return first._replace(summary=first.summary + (f"；另有 {others} 处" if others > 0 else ""))


CHECK = HostCheck(
    "OS24",
    "备份新鲜度",
    COMMAND,
    parse,
    evaluate,
    Backups,
    BackupParams,
    arguments=lambda params: [text for folder in params.folders for text in (folder.path, folder.pattern)],
    due=lambda params: bool(params.folders),
)
