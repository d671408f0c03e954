"""What the tests of the probe share: a system to look at, and servers that say anything at all."""

import asyncio
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection, create_server, socket
from typing import Any

from sinks import talker, tls_server

from checks.contract import System
from checks.probe import Reading
from tasks.probe import Prober

Talk = Callable[[socket], None]
Said = bytes | float | None | Iterable[bytes]

MIB = 1 << 20
TEXT = "统一办公平台"
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
CHUNKED = PLAIN + b"Transfer-Encoding: chunked\r\n\r\n"
QUICK = {"every": 1, "every_in_support": 1, "timeout": 0.4}  # a tenth of a second between two tries
PATIENT = {"every": 3, "every_in_support": 3, "timeout": 1.3}  # for what is not about time, on a busy machine


def system(url: str, *, allow_self_signed: bool = False, **probe: Any) -> System:
    """One that is probed, as the contract describes it."""
    home = {"id": "home", "title": "首页", "steps": [{"goto": "/"}, {"expect": {"text": "登录"}}]}
    return System.model_validate({
        "id": "oa", "name": "OA 系统", "url": url, "certificate": {"allow_self_signed": allow_self_signed},
        "probe": {**PATIENT, **probe}, "journeys": [home],
    })  # fmt: skip


def looks(trusted: ssl.SSLContext, systems: Sequence[System], witnesses: Sequence[str] = ()) -> list[Reading]:
    """All side by side, with one prober."""

    async def all_of_them() -> list[Reading]:
        async with Prober(trusted, witnesses) as prober:
            return await asyncio.gather(*map(prober.look, systems))

    return asyncio.run(all_of_them())


def look(
    url: str,
    trusted: ssl.SSLContext | None = None,
    *,
    witnesses: Sequence[str] = (),
    self_signed: bool = False,
    **more: Any,
) -> Reading:
    """What one probe reads. Whatever a server says, the fault is one line that can be shown."""
    context = trusted or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    [reading] = looks(context, [system(url, allow_self_signed=self_signed, **more)], witnesses)
    assert reading.fault.isprintable()
    assert len(reading.fault) <= 200
    assert (reading.fault == "") == (reading.sight == "up")
    assert 0 <= reading.ms < 60_000
    return reading


def page(body: bytes, *head: bytes, status: bytes = b"200 OK") -> bytes:
    """A whole answer."""
    lines = [b"HTTP/1.1 " + status, *head, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


GOOD = page(f"<h1>{TEXT}</h1>".encode())


def asked(connection: socket) -> bytes:
    """A request's head."""
    head = b""
    while b"\r\n\r\n" not in head and (more := connection.recv(65536)):
        head += more
    return head


def saying(*parts: Said) -> Talk:
    """Hears a request and says the parts one by one; a number is a pause, None waits until it is hung up on."""

    def talk(connection: socket) -> None:
        if asked(connection):
            say(connection, parts)

    return talk


def say(connection: socket, parts: Iterable[Said]) -> None:
    for part in parts:
        if part is None:
            connection.recv(1)
        elif isinstance(part, float):
            time.sleep(part)
        elif isinstance(part, bytes):
            connection.sendall(part)
        else:
            for block in part:
                connection.sendall(block)


def in_turn(*talks: Talk) -> Talk:
    """The first connection meets the first, and so on; the last one goes on for ever."""
    left = list(talks)
    return lambda connection: (left.pop(0) if len(left) > 1 else left[0])(connection)


def secured(certificate: Path | ssl.SSLContext, talk: Talk) -> Talk:
    """The same in TLS."""
    context = tls_server(certificate) if isinstance(certificate, Path) else certificate

    def talk_tls(connection: socket) -> None:
        with context.wrap_socket(connection, server_side=True) as inside:
            talk(inside)

    return talk_tls


@contextmanager
def site(talk: Talk, scheme: str = "http", host: str = "127.0.0.1") -> Iterator[str]:
    """The address of a server that talks so."""
    with talker(talk, host) as port:
        yield f"{scheme}://{host}:{port}/"


@contextmanager
def deaf() -> Iterator[int]:
    """A port that takes no connection and refuses none, as a host that is switched off: its queue is full."""
    with create_server(("127.0.0.1", 0), backlog=0) as listening, create_connection(listening.getsockname()):
        yield listening.getsockname()[1]


def unused() -> int:
    """A port that refuses."""
    with create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port
