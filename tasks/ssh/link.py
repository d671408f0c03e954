"""One SSH connection: paramiko's Transport, with what it found out kept, and faster on the wire.

paramiko 5.1 tells its log, not its caller, what the other side offered or said. So some of its methods, which it does
not promise to keep, are extended here, and only here; the tests against a real sshd notice when they change.
"""

import logging
import socket
from contextlib import suppress
from threading import Event, Lock, local
from typing import Any

import paramiko  # type: ignore[import-untyped]
from paramiko.common import cMSG_CHANNEL_CLOSE, cMSG_CHANNEL_REQUEST  # type: ignore[import-untyped]
from paramiko.packet import Packetizer  # type: ignore[import-untyped]

from checks.finding import Reason
from tasks.ssh.errors import Deadline, SshError, one_line

# What it logs it also raises; its tracebacks are nobody's reading, and its debugging costs time.
logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)

_AT_ONCE = 64 * 1024  # bytes
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)  # Linux
_CURVE = "curve25519-sha256"  # paramiko knows it by the name it had before it became a standard
# In the order of a KEXINIT: what operators call it, where paramiko has theirs and ours, and sshd's setting.
_CLASSES = (
    ("密钥交换算法", "kex_algo_list", "preferred_kex", "KexAlgorithms"),
    ("主机密钥算法", "server_key_algo_list", "preferred_keys", "HostKeyAlgorithms"),
    ("加密算法", "server_encrypt_algo_list", "preferred_ciphers", "Ciphers"),
    ("校验算法", "server_mac_algo_list", "preferred_macs", "MACs"),
)
# Who has nothing better than these is old; who lacks them has been restricted.
_OLD = ("ssh-rsa", "ssh-dss", "sha1", "md5", "cbc", "arcfour")
_UPGRADE = "请升级对方 OpenSSH 到 7.2 以上"


class Wire:
    """What paramiko reads and writes: a socket, or a channel of the connection to a bastion.

    Args:
        patience: seconds; a write that gets nowhere for so long ends the connection. paramiko itself would try on for
            ever, holding the lock that everybody else who uses this connection waits for.
    """

    def __init__(self, stream: Any, patience: float) -> None:
        self._stream = stream
        self._socket = stream if isinstance(stream, socket.socket) else None
        self._came, self._read = b"", 0  # what has come, and how much of it has been asked for
        self._stream.settimeout(patience)
        if self._socket:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = b""  # the first that came
        self._closed = False  # paramiko asks

    def settimeout(self, seconds: float) -> None:
        """Not taken: paramiko would wake up ten times a second to look whether it was closed. `close` wakes it."""

    def send(self, data: bytes) -> int:
        """Write some of it.

        Raises:
            EOFError: nothing more can be written.
        """
        try:
            return int(self._stream.send(data))
        except OSError as error:
            self.close()
            raise EOFError from error

    def recv(self, most: int) -> bytes:
        """Up to `most` bytes, b"" at the end. paramiko asks for a header, then for the rest: half of it is here."""
        if self._read == len(self._came):
            self._came, self._read = self._stream.recv(_AT_ONCE), 0
            if self._socket and _QUICKACK is not None and not self._closed:
                # The kernel forgets it. Without, each of our acknowledgements is late by up to 40 ms.
                with suppress(OSError):
                    self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
            if len(self.head) < 256:
                self.head += self._came[:256]
        data = self._came[self._read : self._read + most]
        self._read += len(data)
        return data

    def close(self) -> None:
        """End it; whoever waits for it is woken."""
        if not self._closed:
            self._closed = True
            if self._socket:
                with suppress(OSError):  # the other side was first
                    self._socket.shutdown(socket.SHUT_RDWR)
            with suppress(EOFError, OSError):  # the bastion is gone, and with it the channel
                self._stream.close()


class _InOrder:
    """A channel's way to its connection, on which nothing follows the channel's CLOSE.

    paramiko decides under a lock what to send, and sends it after: another thread's CLOSE may come first. Then sshd
    ends the whole connection ("data packet referred to nonexistent channel"), and with it the way to all other hosts.
    """

    def __init__(self, link: "Link") -> None:
        self._link, self._lock, self._closed = link, Lock(), False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._link, name)

    def _send_user_message(self, message: Any) -> None:
        with self._lock:
            if not self._closed:
                self._closed = message.asbytes()[:1] == cMSG_CHANNEL_CLOSE
                self._link._send_user_message(message)


class Packets(Packetizer):  # type: ignore[misc]
    """Without a thread per connection that limits the handshake: our deadlines do."""

    def start_handshake(self, timeout: float) -> None:
        """Not taken."""


class RefusedError(Exception):
    """The other side does not open a channel: code as in RFC 4254, and its words."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words


class Link(paramiko.Transport):  # type: ignore[misc]
    """A connection to one host.

    Args:
        key_types: of the host's keys on record, `ssh-rsa` as known_hosts calls it; these are asked for first.
    """

    _kex_info = paramiko.Transport._kex_info | {_CURVE: paramiko.Transport._kex_info[f"{_CURVE}@libssh.org"]}
    # The quickest first ; the rest for those who have nothing else.
    _preferred_kex = tuple(dict.fromkeys((_CURVE, f"{_CURVE}@libssh.org", *paramiko.Transport._preferred_kex)))
    _preferred_ciphers = tuple(
        dict.fromkeys(("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", *paramiko.Transport._preferred_ciphers))
    )

    def __init__(self, stream: Any, patience: float, key_types: list[str]) -> None:
        self.wire = Wire(stream, patience)
        super().__init__(self.wire, packetizer_class=Packets)
        self.farewell = ""  # what the other side said when it hung up
        self._offered: dict[str, list[str]] = {}
        self._refusals: dict[int, tuple[int, str]] = {}
        self._opening = local()
        on_record = {name for kind in key_types for name in _signatures(kind)}
        ours: tuple[str, ...] = paramiko.Transport._preferred_keys
        self._preferred_keys = tuple(sorted(ours, key=lambda name: name not in on_record))

    def shake_hands(self, deadline: Deadline) -> None:
        """Agree on keys. Whose host key it is has not been looked at yet.

        Raises:
            SshError: it did not come to that.
        """
        done = Event()
        self.start_client(event=done)
        in_time = done.wait(deadline.left())
        if self.is_active() and in_time:
            return
        error = self.get_exception()
        head = one_line(self.wire.head)
        self.hang_up()
        if head and not self.remote_version and not head.startswith("SSH-"):
            raise SshError(Reason.UNREACHABLE, f"对方没有按 SSH 应答，说的是：{head}；请核对端口")
        if not in_time:
            raise deadline.missed("SSH 握手（对方接受了连接）" if head else "SSH 握手（对方接受了连接，但没有应答）")
        if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
            raise SshError(Reason.UNSUPPORTED, f"无法巡检：{self._lacking()}")
        if not head:
            what = "对方接受了连接就断开；请查对方的连接数限制（MaxStartups）和访问限制"
            raise SshError(Reason.UNREACHABLE, what)
        said = one_line(self.farewell) or (one_line(str(error)) if isinstance(error, paramiko.SSHException) else "")
        raise SshError(Reason.UNREACHABLE, f"SSH 握手中断{f'（{said}）' if said else ''}")

    def open(self, kind: str, deadline: Deadline, to: tuple[str, int] | None = None) -> Any:
        """Open a channel: `session`, or `direct-tcpip` to a host and port as this host sees them.

        Raises:
            RefusedError: the other side does not want to.
            SshError: no answer in time, or the connection is gone.
        """
        try:
            channel = self.open_channel(kind, dest_addr=to, src_addr=("127.0.0.1", 0), timeout=deadline.left())
            channel.transport = _InOrder(self)
            return channel
        except (paramiko.SSHException, EOFError, OSError) as error:
            refusal = self._refusals.pop(getattr(self._opening, "channel", -1), None)
            if refusal:
                raise RefusedError(*refusal) from error
            if not deadline.left():
                raise deadline.missed("打开通道") from error
            raise self.lost() from error

    def execute(self, channel: Any, command: str, kind: str = "exec") -> None:
        """Ask for a command to be run, or a `subsystem`. The answer is not waited for: what is written next travels
        with the question.

        (paramiko's `exec_command` waits, without a limit.) `channel.event_ready` tells later whether it was granted.
        """
        request = paramiko.Message()
        request.add_byte(cMSG_CHANNEL_REQUEST)
        request.add_int(channel.remote_chanid)
        request.add_string(kind)
        request.add_boolean(True)
        request.add_string(command)
        self._send_user_message(request)

    def hang_up(self) -> None:
        """End it, also when it never began."""
        self.close()
        self.wire.close()

    def lost(self) -> SshError:
        """The error when it ended by itself."""
        said = one_line(self.farewell)
        return SshError(Reason.UNREACHABLE, f"连接中断{f'（对方说：{said}）' if said else ''}")

    @property
    def preferred_keys(self) -> tuple[str, ...]:
        """Without certificates: no authority is trusted for them."""
        return self._filter_algorithm("keys")  # type: ignore[no-any-return]

    def _lacking(self) -> str:
        """Which class of algorithms has none in common, what was offered, and the remedy."""
        for name, theirs, ours, setting in _CLASSES:
            # Among them the key exchange announces extensions, which are no algorithms.
            offered = [one for one in self._offered.get(theirs, []) if not one.startswith(("kex-strict-", "ext-info-"))]
            spoken = getattr(self, ours)
            if offered and not set(offered) & set(spoken):
                algorithms = "、".join("ssh-rsa（SHA-1）" if one == "ssh-rsa" else one for one in offered)
                is_old = any(mark in one for one in offered for mark in _OLD)
                remedy = _UPGRADE if is_old else f"请在对方 sshd_config 的 {setting} 中加上 {spoken[0]}"
                return f"对方的{name}只有 {one_line(algorithms)}，本程序不支持；{remedy}"
        return f"对方的 SSH 太旧（{one_line(self.remote_version)}）；{_UPGRADE}"

    def _parse_kex_init(self, m: Any) -> None:
        try:
            super()._parse_kex_init(m)
        except paramiko.ssh_exception.IncompatiblePeer:
            m.rewind()
            self._offered = self._really_parse_kex_init(m)
            raise

    def _parse_disconnect(self, m: Any) -> None:
        m.get_int()
        self.farewell = m.get_text()

    def _next_channel(self) -> int:
        # open_channel tells nobody its number when it fails, and several threads may be opening one.
        self._opening.channel = super()._next_channel()
        return int(self._opening.channel)

    def _parse_channel_open_failure(self, m: Any) -> None:
        channel, code, words = m.get_int(), m.get_int(), m.get_text()
        self._refusals[channel] = (code, one_line(words))
        m.rewind()
        super()._parse_channel_open_failure(m)


def _signatures(kind: str) -> tuple[str, ...]:
    """A type of key as known_hosts names it, and the algorithms that sign with it."""
    return ("rsa-sha2-512", "rsa-sha2-256") if kind == "ssh-rsa" else (kind,)
