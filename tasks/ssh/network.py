"""The hosts of one run, and the bastions on the way to them."""

import errno
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Self

from checks import os_words
from checks.finding import Reason
from tasks.ssh.config import Config, Hop
from tasks.ssh.errors import Deadline, SshError
from tasks.ssh.forward import carried, reached, tunnel
from tasks.ssh.keys import Keys, Login
from tasks.ssh.known_hosts import KnownHosts, Record, Standing, fingerprint, judge
from tasks.ssh.link import Link
from tasks.ssh.log_in import log_in
from tasks.ssh.pipe import Pipe
from tasks.ssh.sftp import Sftp, connected
from tasks.ssh.talk import Exchange, talk
from tasks.ssh.trust import Offer

LIMIT = 8 * 1024 * 1024  # bytes of output
_STALLED = 10.0  # seconds that a write to a bastion may get nowhere
_PAUSE = 30.0  # seconds before a bastion is tried again
_MAY_PASS = {Reason.UNREACHABLE, Reason.TIMEOUT}  # a bastion refused to us once is not asked again: accounts get locked
_WORDS = {errno.ECONNREFUSED: "拒绝连接，请查 sshd 是否运行、端口是否正确"}


class Network:
    """What one run needs to get to hosts: files are read once, bastions are connected to once. For many threads.

    Args:
        config_files: ssh configurations, what the first says wins; those that do not exist are passed over.
        known_hosts_files: the host keys that are trusted, besides those in a host's own UserKnownHostsFile.
        logins: how to log in, by alias; called for bastions too.

    Raises:
        SshConfigError: a configuration cannot be understood.
    """

    def __init__(
        self, config_files: Sequence[Path], known_hosts_files: Sequence[Path], logins: Callable[[str], Login]
    ) -> None:
        self._config = Config(config_files)
        self._known_hosts_files = tuple(known_hosts_files)
        self._logins = logins
        self._keys = Keys()
        self._lock = Lock()  # over these
        self._known_hosts: dict[Path, KnownHosts] = {}
        self._bastions: dict[tuple[Hop, ...], _Bastion] = {}
        self._links: list[Link] = []
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def exchange(self, host: str, script: bytes, deadline: float, limit: int = LIMIT) -> Exchange:
        """Run a script in `sh -s` on a host and bring back what it says.

        The name of a host is resolved by the system, which has a time limit of its own; all else keeps the deadline.

        Args:
            deadline: seconds for everything: bastions, login, answer.
            limit: bytes of output and errors together.

        Raises:
            SshError: nothing was run.
            SshConfigError: the way to this host cannot be understood.
        """
        patience = Deadline(deadline)
        route = self._config.route(host)
        with self._logged_in(host, patience) as link:
            exchange = talk(link, script, patience, limit)
        if exchange.cut and len(route) > 1 and exchange.cut[0] is Reason.UNREACHABLE:
            return exchange._replace(cut=(exchange.cut[0], _via(route[:-1], exchange.cut[1])))
        return exchange

    @contextmanager
    def sftp(self, host: str, deadline: float) -> Iterator[Sftp]:
        """The files of a host, to be listed and read.

        Args:
            deadline: seconds for everything, also for what is done within.

        Raises:
            SshError: it cannot be reached, or has no SFTP for this account; also from within.
            SshConfigError: the way to this host cannot be understood.
        """
        patience = Deadline(deadline)
        with self._logged_in(host, patience) as link:
            yield connected(link, patience)

    @contextmanager
    def piped(self, host: str, script: bytes, deadline: float) -> Iterator[Pipe]:
        """Run a script in `sh -s` on a host; its standard output is read as it comes, at the caller's pace.

        Args:
            deadline: seconds for everything, also for what is done within.

        Raises:
            SshError: nothing was run; from reading also: the connection is lost, or the time is over.
            SshConfigError: the way to this host cannot be understood.
        """
        patience = Deadline(deadline)
        with self._logged_in(host, patience) as link:
            yield Pipe(link, script, patience)

    def offered(self, host: str, deadline: float) -> Offer:
        """The key that a host shows, and what is on record of it, without logging in there.

        Args:
            deadline: seconds.

        Raises:
            SshError: it cannot be reached, or a bastion on the way is not trusted itself.
            SshConfigError: the way to this host cannot be understood.
        """
        route = self._config.route(host)
        with self._linked(route, Deadline(deadline), trusted=False) as link:
            kind, key, standing, record = self._judge(route[-1], link)
            return Offer(host, route[-1].known_as, kind, key, standing, record)

    def address(self, host: str) -> str:
        """What is connected to for a host: its HostName, or the name itself where none is set.

        Raises:
            SshConfigError: the way to this host cannot be understood.
        """
        return self._config.route(host)[-1].name

    def forwarded(self, bastion: str, address: str, port: int, deadline: float) -> socket.socket:
        """A connection to an address as a bastion sees it, by direct-tcpip; nobody logs in behind the bastion.

        Args:
            bastion: a host of the configuration; what stands before it is its own ProxyJump.
            deadline: seconds, until it is connected.

        Raises:
            ConnectionRefusedError: the bastion says that nothing listens there.
            TimeoutError: nothing came back from there, though the bastion itself answers.
            SshError: the bastion cannot be reached, does not forward (PERMISSION), or could not try.
            SshConfigError: the way to the bastion cannot be understood.
        """
        patience = Deadline(deadline)
        route = self._config.route(bastion)
        link = self._bastion(route, patience)
        with _by_way_of(route):
            # sshd tries for two minutes: what is left then tells its silence from that of what is behind it
            return carried(reached(link, address, port, Deadline(patience.left() * 0.7), patience))

    def close(self) -> None:
        """End all connections. Exchanges that still go on end as cut off."""
        with self._lock:
            self._closed = True
            links = self._links[::-1]  # those behind a bastion before it
        for link in links:
            link.hang_up()

    @contextmanager
    def _logged_in(self, host: str, patience: Deadline) -> Iterator[Link]:
        route = self._config.route(host)
        with self._linked(route, patience) as link, _by_way_of(route[:-1]):
            log_in(link, route[-1], self._logins(route[-1].alias), self._keys, patience)
            yield link

    @contextmanager
    def _linked(self, route: tuple[Hop, ...], patience: Deadline, *, trusted: bool = True) -> Iterator[Link]:
        link = self._connect(route, patience, patience.left(), trusted=trusted)
        try:
            yield link
        finally:
            self._drop(link)

    def _connect(self, route: tuple[Hop, ...], patience: Deadline, stall: float, *, trusted: bool = True) -> Link:
        """A connection to the last hop of a route, whose key is the one on record; nobody is logged in."""
        *way, hop = route
        bastion = self._bastion(tuple(way), patience) if way else None
        with _by_way_of(way):
            stream = tunnel(bastion, hop, patience) if bastion else _socket(hop, patience)
            records = self._records(hop) or self._records(hop, hop.name.lower())
            link = Link(stream, stall, [record.type for record in records if not record.revoked])
            with self._lock:
                self._links.append(link)
                closed = self._closed
            try:
                if closed:
                    raise SshError(Reason.UNREACHABLE, "巡检已经停止")
                link.shake_hands(patience)
                if trusted:
                    _insist(hop, *self._judge(hop, link))
            except BaseException:
                self._drop(link)
                raise
            return link

    def _drop(self, link: Link) -> None:
        link.hang_up()
        with self._lock:
            self._links.remove(link)

    def _bastion(self, route: tuple[Hop, ...], patience: Deadline) -> Link:
        with self._lock:
            bastion = self._bastions.setdefault(route, _Bastion())

        def open_it() -> Link:
            link = self._connect(route, patience, _STALLED)
            try:
                log_in(link, route[-1], self._logins(route[-1].alias), self._keys, patience)
            except BaseException:
                self._drop(link)
                raise
            return link

        with _by_way_of(route):
            return bastion.ready(open_it, patience)

    def _records(self, hop: Hop, name: str = "") -> list[Record]:
        return [record for file in self._files(hop) for record in file.records(name or hop.known_as)]

    def _files(self, hop: Hop) -> list[KnownHosts]:
        with self._lock:
            for file in (*self._known_hosts_files, *hop.known_hosts):
                if file not in self._known_hosts:
                    self._known_hosts[file] = KnownHosts(file)
            return [self._known_hosts[file] for file in (*self._known_hosts_files, *hop.known_hosts)]

    def _judge(self, hop: Hop, link: Link) -> tuple[str, bytes, Standing, Record | None]:
        shown = link.get_remote_server_key()
        kind, key = shown.get_name(), shown.asbytes()
        standing, record = judge(self._records(hop), kind, key)
        if not record and not hop.key_alias:
            # As OpenSSH: a host's key counts on its other ports too, where none of their own is on record.
            elsewhere = judge(self._records(hop, hop.name.lower()), kind, key)
            if elsewhere[0] in {Standing.KNOWN, Standing.REVOKED}:
                standing, record = elsewhere
        return kind, key, standing, record


class _Bastion:
    """One connection for all hosts behind it, opened by the first that needs it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._link: Link | None = None
        self._failed: SshError | None = None
        self._again_at = 0.0  # monotonic; not tried anew before

    def ready(self, open_it: Callable[[], Link], patience: Deadline) -> Link:
        """The open connection; it is opened where it is not, or is no more.

        Raises:
            SshError: it cannot be opened, or could not a moment ago.
        """
        if not self._lock.acquire(timeout=patience.left()):
            raise patience.missed("等待堡垒机连接")
        try:
            if self._link and self._link.is_active():
                return self._link
            if self._failed and self._failed.reason not in _MAY_PASS:
                raise SshError(self._failed.reason, self._failed.what)
            if time.monotonic() < self._again_at:
                failed = self._failed or SshError(Reason.UNREACHABLE, "连接一再中断")
                raise SshError(failed.reason, failed.what)
            again = self._link is not None or self._failed is not None
            try:
                self._link, self._failed = open_it(), None
            except SshError as error:
                self._failed, again = error, True
                raise
            finally:
                self._again_at = time.monotonic() + _PAUSE if again else 0.0
            return self._link
        finally:
            self._lock.release()


@contextmanager
def _by_way_of(way: Sequence[Hop]) -> Iterator[None]:
    """What goes wrong on the way to a host, or behind a bastion, says which way that was."""
    try:
        yield
    except SshError as error:
        if not way or error.what.startswith("经堡垒机"):
            raise
        raise SshError(error.reason, _via(way, error.what)) from error


def _via(way: Sequence[Hop], what: str) -> str:
    return f"经堡垒机 {' → '.join(hop.alias for hop in way)}：{what}"


def _socket(hop: Hop, patience: Deadline) -> socket.socket:
    """A connection to a hop, by the first of its addresses that answers.

    Raises:
        SshError: there is none.
    """
    where = f"{hop.name}:{hop.port}"
    try:
        found = socket.getaddrinfo(hop.name, hop.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise SshError(Reason.UNREACHABLE, f"主机名 {hop.name} 解析不出地址；请查 HostName 和域名解析") from error
    last: OSError = TimeoutError()
    for number, (family, kind, protocol, _, address) in enumerate(found):
        stream = socket.socket(family, kind, protocol)
        try:
            # One that does not answer leaves time for the others.
            stream.settimeout(max(0.01, patience.left() / (len(found) - number)))
            stream.connect(address)
        except OSError as error:
            stream.close()
            last = error
        else:
            return stream
    if isinstance(last, TimeoutError) or last.errno == errno.ETIMEDOUT:
        raise SshError(Reason.TIMEOUT, f"连接 {where} 没有应答（{patience.seconds:g} 秒）") from last
    words = _WORDS.get(last.errno or 0) or os_words.say(last)
    raise SshError(Reason.UNREACHABLE, f"连不上 {where}：{words}") from last


def _insist(hop: Hop, kind: str, key: bytes, standing: Standing, record: Record | None) -> None:
    """Raise when the key that a host shows is not on record."""
    shown = f"{kind} {fingerprint(key)}"
    if standing is Standing.KNOWN:
        return
    if record and standing is Standing.REVOKED:
        what = f"主机 {hop.alias} 的密钥已登记为作废（{record}）：{shown}；拒绝连接，请联系主机管理员"
    elif record and standing is Standing.CHANGED:
        what = (
            f"主机 {hop.alias} 的密钥变了，可能有人冒充：登记的是 {record.fingerprint}（{record}），现在是 {shown}；"
            f"先向主机管理员核实，确属更换才删去那一行并执行 xunjian trust {hop.alias}"
        )
    else:
        other = f"，登记的只有 {record.type}（{record}）" if record else ""
        what = f"主机 {hop.alias} 的密钥没有登记：{shown}{other}；核对后执行 xunjian trust {hop.alias}"
    raise SshError(Reason.HOST_KEY, what)
