"""The folder of secrets: one file per secret, mode 0600. Values stay in memory; nothing here ever shows one."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from checks import os_words
from checks.journey import SECRET_NAME

_LARGEST = 64 * 1024  # a secret is a line, at most a key file


class SecretError(Exception):
    """A secret cannot be had. `what` and `remedy` are Chinese and ready to be shown."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}；{remedy}")
        self.what, self.remedy = what, remedy


class Secrets(Mapping[str, str]):
    """Names and values, in memory only: it shows names, and refuses to be pickled on its way to somewhere else."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Secrets({', '.join(sorted(self._values))})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("secrets are not written anywhere")


def read(name: str, folder: Path, make: str = "") -> str:
    """Return one secret.

    Args:
        make: the shell command that prints a new one, where it is not typed by a person.

    Raises:
        SecretError: it is missing, empty, unreadable or open to others, or the name cannot be a secret's name.
    """
    if not re.fullmatch(SECRET_NAME, name):
        raise SecretError(
            f"口令名写法不对：{name!r}", "口令名只用小写字母、数字、点、连字符和下划线，例如 oa-inspector.password"
        )
    path = folder / name
    install = f"install -D -m 600 /dev/stdin {path} && chmod 700 {folder}"
    create = f"新建：{make} | {install}" if make else f"新建：{install}（输入口令后按 Enter，再按 Ctrl-D）"
    try:
        if not path.is_file():
            raise SecretError(f"缺少口令 {name}", create)
        with path.open("rb") as stream:
            # Asked of the open file, so that nobody can swap it between the look and the reading.
            mode = os.fstat(stream.fileno()).st_mode
            raw = stream.read(_LARGEST + 1)
    except OSError as error:
        raise SecretError(f"口令 {name} 读不出：{os_words.say(error)}", f"让当前用户能读：ls -l {path}") from error
    if mode & 0o077:
        raise SecretError(f"口令 {name} 的文件别人也能读（权限 {mode & 0o777:o}）", f"收紧权限：chmod 600 {path}")
    if (value := _decode(raw)) is None:
        raise SecretError(f"口令 {name} 不是 UTF-8 文字，或超过 64 KiB", create)
    if not value:
        raise SecretError(f"口令 {name} 是空的", create)
    return value


def read_all(names: Iterable[str], folder: Path) -> Secrets:
    """Return the named secrets.

    Raises:
        SecretError: as `read`, for the first that cannot be had.
    """
    return Secrets({name: read(name, folder) for name in names})


def known(folder: Path) -> Secrets:
    """Every secret this user can read, whatever its mode: to find values where they must not be."""
    found = {}
    can_look = folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)
    for path in sorted(folder.iterdir()) if can_look else []:
        if re.fullmatch(SECRET_NAME, path.name) and path.is_file() and os.access(path, os.R_OK):
            with path.open("rb") as stream:
                value = _decode(stream.read(_LARGEST + 1))
            if value:
                found[path.name] = value
    return Secrets(found)


def _decode(raw: bytes) -> str | None:
    if len(raw) > _LARGEST:
        return None
    try:
        return raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        return None
