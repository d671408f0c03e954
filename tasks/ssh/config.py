"""ssh's own configuration files, as people have them: how to get to a host."""

import getpass
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import paramiko  # type: ignore[import-untyped]

from checks import os_words
from tasks.ssh.errors import SshConfigError

_DEEPEST = 16  # includes within includes, as in OpenSSH
_SETTING = re.compile(r"(\w+)(?:\s*=\s*|\s+)(.+)")
_HOP = re.compile(r"(?:ssh://)?(?:(?P<user>[^@]+)@)?(?:\[(?P<v6>[^]]+)\]|(?P<name>[^:\[\]]+))(?::(?P<port>\d+))?/?")
# paramiko takes a criterion that it does not know for one that is met.
_CRITERIA = {"all", "canonical", "final", "host", "originalhost", "user", "localuser", "exec"}
_WITHOUT_VALUE = {"all", "canonical", "final"}
_Places = dict[tuple[str, str], tuple[Path, int]]  # where a setting with this value stands first


@dataclass(frozen=True)
class Hop:
    """One host on the way, the last one included."""

    alias: str  # as people call it; its login goes by this
    name: str  # what is connected to
    port: int
    user: str
    key_alias: str = ""  # known_hosts has it under this name
    known_hosts: tuple[Path, ...] = ()  # its own, besides those of the run
    identities: tuple[Path, ...] = ()
    identities_only: bool = False

    @property
    def known_as(self) -> str:
        """Its name in known_hosts."""
        if self.key_alias:
            return self.key_alias.lower()
        return self.name.lower() if self.port == 22 else f"[{self.name.lower()}]:{self.port}"


class Config:
    """Several files as one; what an earlier one says wins. Files that do not exist are passed over.

    Raises:
        SshConfigError: a line cannot be understood, or asks for what is not supported.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._places: _Places = {}
        # A file ends inside some Host block: the next begins outside of it.
        text = "\nHost *\n".join("\n".join(_lines(file, self._places)) for file in files if file.is_file())
        self._config = paramiko.SSHConfig.from_text(text)
        self._routes: dict[str, tuple[Hop, ...]] = {}

    def route(self, host: str) -> tuple[Hop, ...]:
        """The hops to a host, nearest first; the host itself is the last.

        Raises:
            SshConfigError: the way to it goes in a circle, by ProxyCommand, or cannot be understood.
        """
        if host not in self._routes:
            self._routes[host] = self._find(host, ())
        return self._routes[host]

    def _find(self, host: str, behind: tuple[str, ...]) -> tuple[Hop, ...]:
        if host in behind:
            circle = " → ".join((*behind[behind.index(host) :], host))
            jump = self._config.lookup(behind[-1])["proxyjump"]
            raise self._mistake("proxyjump", jump, f"ProxyJump 绕成了圈：{circle}", f"改掉 {behind[-1]} 的 ProxyJump")
        options = self._config.lookup(host)
        first, *others = self._jumps(host, options)
        if not first:
            return (self._hop(host, options),)
        # As in OpenSSH: to the first the way of its own configuration, the others are named in order.
        way = [*self._find(first["alias"], (*behind, host))]
        way[-1] = self._hop(first["alias"], self._config.lookup(first["alias"]), **first)
        way += [self._hop(one["alias"], self._config.lookup(one["alias"]), **one) for one in others]
        return (*way, self._hop(host, options))

    def _jumps(self, host: str, options: dict[str, str]) -> list[dict[str, str]]:
        jumps = options.get("proxyjump", "")
        if not jumps and options.get("proxycommand"):
            file, _, line = options["proxycommand"].rpartition(":")
            remedy = f"把 {host} 的这一行换成 ProxyJump 堡垒机名"
            raise SshConfigError(Path(file), int(line), "不支持 ProxyCommand", remedy)
        if not jumps or jumps.lower() == "none":
            return [{}]
        found = []
        for jump in jumps.split(","):
            match = _HOP.fullmatch(jump.strip())
            if not match:
                what = f"{host} 的 ProxyJump 写法不对：{jump.strip()!r}"
                raise self._mistake("proxyjump", jumps, what, "写成 用户@主机:端口")
            given = {"user": match["user"], "port": match["port"], "alias": match["v6"] or match["name"]}
            found.append({key: value for key, value in given.items() if value})
        return found

    def _hop(self, host: str, options: dict[str, str], *, alias: str = "", user: str = "", port: str = "") -> Hop:
        port = port or options.get("port", "22")
        if not port.isdecimal() or not 0 < int(port) < 65536:
            raise self._mistake("port", port, f"{host} 的 Port 写法不对：{port!r}", "写 1 到 65535 的数")
        known_hosts = shlex.split(options.get("userknownhostsfile", ""))
        return Hop(
            alias=alias or host,
            name=options["hostname"],
            port=int(port),
            user=user or options.get("user") or getpass.getuser(),
            key_alias=options.get("hostkeyalias", ""),
            known_hosts=tuple(_path(one) for one in known_hosts if one.lower() != "none"),
            identities=tuple(_path(one) for one in options.get("identityfile", ()) if one.lower() != "none"),
            identities_only=options.get("identitiesonly", "no").lower() == "yes",
        )

    def _mistake(self, key: str, value: str, what: str, remedy: str) -> SshConfigError:
        return SshConfigError(*self._places.get((key, value), (Path("ssh_config"), 0)), what, remedy)


def _lines(file: Path, places: _Places, depth: int = 0) -> Iterator[str]:
    """The file with what it includes in place; a ProxyCommand is replaced by where it stands."""
    if depth > _DEEPEST:
        raise SshConfigError(file, 1, "Include 套得太深", "检查是否互相 Include")
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise SshConfigError(file, 1, "不是 UTF-8 文字", "另存为 UTF-8") from error
    except OSError as error:
        raise SshConfigError(file, 1, f"读不出：{os_words.say(error)}", "让当前用户能读") from error
    inside = False  # a block that is not for every host
    for number, raw in enumerate(lines, 1):
        line = raw.strip()
        match = _SETTING.match(line)
        if not line or line.startswith("#"):
            continue
        if not match:
            raise SshConfigError(file, number, f"看不懂：{line}", "写成 名称 值")
        key, value = match[1].lower(), match[2]
        if key in {"host", "match"}:
            _understood(file, number, line)
            inside = value.strip().lower() not in {"*", "all"}
        if key == "include":
            if inside:
                raise SshConfigError(file, number, "Host 或 Match 段里的 Include 不支持", "把它移到第一个 Host 之前")
            for one in _included(file, value):
                yield from _lines(one, places, depth + 1)
                yield "Host *"
        elif key == "proxycommand" and value.lower() != "none":
            yield f"ProxyCommand {file}:{number}"
        else:
            places.setdefault((key, value), (file, number))
            yield line


def _understood(file: Path, number: int, line: str) -> None:
    try:
        paramiko.SSHConfig.from_text(line)
        words = shlex.split(line)[1:] if line.lower().startswith("match") else []
    except (paramiko.ConfigParseError, ValueError) as error:
        raise SshConfigError(file, number, f"看不懂：{line}", "检查引号和参数") from error
    while words:
        criterion = words.pop(0).removeprefix("!").lower()
        if criterion not in _CRITERIA:
            raise SshConfigError(file, number, f"Match {criterion} 不支持", "改用 Host 段")
        if criterion not in _WITHOUT_VALUE:
            words.pop(0)


def _included(file: Path, value: str) -> Iterator[Path]:
    for pattern in shlex.split(value):
        whole = _path(pattern)
        if not whole.is_absolute():
            own = Path.home() / ".ssh"
            whole = (own if file.is_relative_to(own) else file.absolute().parent) / whole
        yield from sorted(one for one in Path(whole.anchor).glob(str(whole.relative_to(whole.anchor))) if one.is_file())


def _path(text: str) -> Path:
    return Path(text.replace("%d", str(Path.home()))).expanduser()
