"""What restic and borg have in common: a script in which they only read, and what their errors mean."""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from checks.backup import Backup
from checks.finding import Reason
from checks.visit import Copy
from tasks.copies import CopyError
from tasks.places import PlaceError


class Sign(NamedTuple):
    """What a program says, and what it means: with a reason it could not look, without one the repository is broken."""

    pattern: str  # a regular expression
    reason: Reason | None
    what: str


class Checked(NamedTuple):
    """What a check has said. `identity`: a SHA-256, the same for the same content of the newest snapshot."""

    made_by: str
    identity: str
    size: int  # bytes of the newest snapshot, restored
    files: int  # in the newest snapshot


class Program(Protocol):
    """One of the two: lines of script out, answers in."""

    name: str
    package: str  # of Debian
    unlock: str  # the command that removes a stale lock
    signs: Sequence[Sign]

    def settings(self, backup: Backup, values: Mapping[str, str]) -> dict[str, str]:
        """Its environment: where the repository is, and the password."""

    def to_list(self) -> str:
        """Lists all snapshots."""

    def listed(self, answer: str) -> list[Copy]:
        """The answer, newest first; the size is 0 where the answer has none."""

    def to_size(self, names: Sequence[str]) -> str:
        """Asks for the size of each of these snapshots."""

    def sizes(self, answer: str) -> list[int]:
        """The answer, in the same order, bytes; fewer where the time was over."""

    def to_check(self, newest: Copy, sampled: float, turn: int) -> str:
        """Checks the repository, and reads so many percent of the data; another part at each turn."""

    def checked(self, answer: str) -> Checked:
        """The answer."""

    def to_export(self, name: str) -> str:
        """Writes a snapshot as tar to standard output."""


def script(program: Program, backup: Backup, values: Mapping[str, str], lines: str) -> bytes:
    """A script for `sh -s`. The password travels in it and is in no list of arguments.

    Args:
        lines: with `$run` for the program, under the backup's deadline.
    """
    settings = program.settings(backup, values)
    return "\n".join(
        [
            "umask 077",
            "PATH=$PATH:/usr/local/bin:/usr/bin:/bin",
            *(f"{name}={shlex.quote(value)}" for name, value in settings.items()),
            f"export PATH LC_ALL=C.UTF-8 TZ=UTC {' '.join(settings)}",
            f"command -v {program.name} >/dev/null || {{ echo @missing >&2; exit 127; }}",
            # Nothing of the script is left to it as input. It is ended at the host, before we give up ourselves.
            f'run() {{ timeout {backup.deadline * 0.9:.0f} {program.name} "$@" </dev/null; }}',
            lines,
            "",
        ]
    ).encode()


def meant(program: Program, where: str, said: str, status: int | None) -> PlaceError | CopyError:
    """What it means that a script failed: it could not look, or the repository is broken.

    Args:
        said: on standard error; nothing of it is passed on.
    """
    if "@missing" in said:
        what = f"{where} 上没有 {program.name}；请安装（Debian：apt-get install {program.package}）"
        return PlaceError(Reason.UNSUPPORTED, what)
    sign = next((sign for sign in program.signs if re.search(sign.pattern, said)), None)
    if sign and sign.reason:
        return PlaceError(sign.reason, sign.what)
    if sign and "@locked" in said:
        what = f"仓库有锁，可能正在备份或清理，这时查出的错误不算数；请错开时间，陈旧的锁用 {program.unlock} 去掉"
        return PlaceError(Reason.INCOMPLETE, what)
    if sign:
        return CopyError(sign.what)
    if status in (124, 137):
        return PlaceError(Reason.TIMEOUT, f"{program.name} 在时限内没有做完；请加大 deadline 或减小 sampled")
    what = f"{program.name} 没有做完（退出码 {status}），原因不明；请在 {where} 上手工执行 {program.name} check 查看"
    return PlaceError(Reason.INCOMPLETE, what)
