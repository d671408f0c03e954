"""From where a question is asked, and the one deadline over what is said."""

import errno
import socket
from typing import Any, Self

from checks import os_words
from checks.finding import Reason
from checks.host_check import NotTaken
from tasks.ssh import Deadline, Network, SshConfigError, SshError

_SILENT = {errno.ETIMEDOUT, errno.EHOSTUNREACH}  # a packet filter may answer with the second


class Way:
    """From this machine, or from a bastion.

    Args:
        network: gives the hosts of the contract their addresses, by the HostName of the SSH configuration.
        bastion: a host of the SSH configuration; "" from here.
    """

    def __init__(self, network: Network, bastion: str = "") -> None:
        self._network, self._bastion = network, bastion

    def connect(self, name: str, port: int, patience: Deadline) -> socket.socket:
        """A TCP connection.

        Raises:
            ConnectionRefusedError: nothing listens there.
            TimeoutError: nothing came back.
            NotTaken: it could not be tried.
        """
        try:
            address = self._network.address(name)
            if self._bastion:
                return self._network.forwarded(self._bastion, address, port, patience.left())
        except SshError as error:
            raise NotTaken(error.reason, error.what) from error
        except SshConfigError as error:
            raise NotTaken(Reason.CONFIGURATION, str(error)) from error
        return _from_here(address, port, patience)


def _from_here(address: str, port: int, patience: Deadline) -> socket.socket:
    """By the first of several addresses that answers; one that does not leaves time for the others."""
    try:
        found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise NotTaken(Reason.UNREACHABLE, f"主机名 {address} 解析不出地址；请查 HostName 和域名解析") from error
    failed: list[OSError] = []
    for number, (*_, where) in enumerate(found):
        try:
            return socket.create_connection((str(where[0]), port), max(0.01, patience.left() / (len(found) - number)))
        except OSError as error:
            failed.append(error)
    # A refusal is an answer; silence outranks what this machine could not even try, such as IPv6 without a network.
    for one in failed:
        if isinstance(one, ConnectionRefusedError):
            raise one
    for one in failed:
        if isinstance(one, TimeoutError) or one.errno in _SILENT:
            raise TimeoutError(one.errno, "silent") from one
    what = f"连不上 {address}:{port}：{os_words.say(failed[-1])}；请查本机网络"
    raise NotTaken(Reason.UNREACHABLE, what) from failed[-1]


class Line:
    """A connection on which all that is said keeps one deadline.

    Raises (sending, reading):
        TimeoutError: the deadline is over.
    """

    def __init__(self, stream: socket.socket, patience: Deadline) -> None:
        self._stream, self._patience = stream, patience

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def secure(self, context: Any, name: str) -> None:
        """Go on in TLS; `context`: of `tasks.crypto.tls`.

        Raises:
            NotTaken: it comes to no agreement.
        """
        self._hurry()
        try:
            self._stream = context.wrap_socket(self._stream, server_hostname=name)
        except TimeoutError:
            raise
        except OSError as error:  # ssl.SSLError is one
            why = getattr(error, "reason", None) or "连接被切断"
            raise NotTaken(Reason.UNSUPPORTED, f"TLS 握手没有成功：{why}") from error

    def send(self, data: bytes) -> None:
        """Send all of it; a peer that has gone is noticed on reading."""
        self._hurry()
        try:
            self._stream.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return

    def read(self, most: int) -> bytes:
        """What comes next, up to `most` bytes; b"" where the peer has ended the connection, in whatever way."""
        self._hurry()
        try:
            return self._stream.recv(most)
        except TimeoutError:
            raise
        except OSError:
            return b""

    def exactly(self, length: int) -> bytes:
        """So many bytes; fewer only where the connection ends before."""
        data = b""
        while len(data) < length and (more := self.read(length - len(data))):
            data += more
        return data

    def peer_certificate(self) -> bytes:
        """The certificate that was shown, DER."""
        return bytes(self._stream.getpeercert(binary_form=True) or b"")  # type: ignore[attr-defined]

    def _hurry(self) -> None:
        if not (left := self._patience.left()):
            raise TimeoutError(errno.ETIMEDOUT, "deadline")
        self._stream.settimeout(left)
