"""The inbox: the folder into which people put documents that they hand in, and files of this machine that they name."""

import os
import pwd
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from checks import os_words
from tasks.settings import Settings

TAKEN = "taken"
"""The folder in the inbox where what was taken lies."""

KINDS = (".docx", ".doc", ".wps", ".pdf", ".ofd", ".xlsx", ".xls", ".et", ".zip")
"""What a document may be; everything else in the inbox is left alone, such as what an editor or a transfer keeps."""

_STILL = timedelta(seconds=60)  # unchanged for so long: nobody is writing it any more
_LARGEST = 100 * 2**20  # bytes


class InboxError(Exception):
    """A file that was named or put there cannot be taken; the message is for the operator."""


class Waiting(NamedTuple):
    """A file in the inbox. `at`: when it was last changed, renamed or made another's, by the system's own word;
    `still`: nobody is writing it any more."""

    name: str
    owner: str
    at: datetime
    still: bool


def waiting(folder: Path, now: datetime) -> list[Waiting]:
    """The documents in the inbox, oldest first; the folder is made where it is not there.

    Raises:
        InboxError: it cannot be made or read.
    """
    try:
        (folder / TAKEN).mkdir(parents=True, exist_ok=True)
        found = [(path.name, path.lstat()) for path in folder.iterdir() if _is_document(path.name)]
    except OSError as error:
        raise InboxError(
            f"收件目录 {folder} 用不了（{os_words.say(error)}）；看权限，或用 XUNJIAN_INBOX 换一个"
        ) from error
    files = [
        # The change time and no other: whoever puts a file there can set all the others.
        Waiting(name, _owner(status.st_uid), at, at <= now - _STILL)
        for name, status in found
        if stat.S_ISREG(status.st_mode)
        for at in [datetime.fromtimestamp(status.st_ctime, UTC)]
    ]
    return sorted(files, key=lambda one: (one.at, one.name))


def content_of(path: Path) -> bytes:
    """Read a document whole, as it stands still.

    Raises:
        InboxError: there is none, it is none, it is too large, or it changes meanwhile.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            before = os.fstat(handle)
            if not stat.S_ISREG(before.st_mode):
                raise InboxError(f"{path.name} 不是文件")
            if before.st_size > _LARGEST:
                raise InboxError(f"{path.name} 有 {before.st_size >> 20} MB，至多 {_LARGEST >> 20} MB")
            content = file.read(_LARGEST + 1)
            after = os.fstat(handle)
    except OSError as error:
        raise InboxError(f"读不出 {path}（{os_words.say(error)}）；核对文件名和权限") from error
    if not content:
        raise InboxError(f"{path.name} 是空的")
    if (before.st_size, before.st_ctime_ns) != (after.st_size, after.st_ctime_ns) or len(content) != after.st_size:
        raise InboxError(f"{path.name} 正在写入；写完再交")
    return content


def named(settings: Settings, text: str) -> tuple[Path, bytes]:
    """The file that somebody names: of the inbox by its name, or by a path of this machine.

    Raises:
        InboxError: there is none, or it is none that may be handed in.
    """
    path = settings.inbox_dir / text.strip()  # an absolute one stays as it is
    if not text.strip():
        raise InboxError("没有写文件名")
    if not _is_document(path.name):
        raise InboxError(f"{path.name} 不是文档；可以是 {' '.join(KINDS)}")
    there = path.resolve()
    ours = (settings.secrets_dir, settings.evidence_dir, settings.backup_dir)
    if any(there.is_relative_to(folder.resolve()) for folder in ours):
        raise InboxError(f"{path} 在程序自己的目录里，不能提交；放到收件目录 {settings.inbox_dir}")
    return path, content_of(there)


def take(folder: Path, name: str, at: datetime) -> None:
    """Put a file of the inbox with those that were taken; what lies there under its name stays.

    Raises:
        InboxError: it cannot be moved.
    """
    to = folder / TAKEN / name
    if to.exists():
        to = to.with_name(f"{to.stem}-{at:%Y%m%dT%H%M%SZ}{to.suffix}")
    try:
        (folder / name).rename(to)
    except FileNotFoundError:
        return  # somebody else has
    except OSError as error:
        raise InboxError(f"{name} 移不到 {to.parent}（{os_words.say(error)}）；看目录权限") from error


def _is_document(name: str) -> bool:
    return not name.startswith((".", "~$")) and Path(name).suffix.lower() in KINDS


def _owner(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
