"""Every byte that a probe sends, as a real server receives it, plain and inside TLS: just what `ask` and docs/probes.md
say, written out here once more."""

import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tlslite.constants import ContentType, HandshakeType  # type: ignore[import-untyped]

from checks.host_check import NotTaken
from checks.probe_list import said
from checks.safe_probe import (
    AnyProbe,
    Connect,
    Handshakes,
    KeyExchange,
    Kind,
    Request,
    Say,
    Target,
    safe_probe,
    safe_probes,
)
from tasks.asking import Way, asked
from tasks.ssh import Login, Network

DOCUMENT = (Path(__file__).parents[2] / "docs" / "probes.md").read_text(encoding="utf-8")
NETWORK_PROBES = [probe for probe in safe_probes() if probe.kind is not Kind.HOST]
PING = b"PING\r\n"
LIST_DATABASES = bytes.fromhex(
    # length, request id, answers to, OP_MSG, flags, section of kind 0
    "5f000000 01000000 00000000 dd070000 00000000 00"
    # document: listDatabases: int32 1, nameOnly: true
    "4a000000 10 6c697374446174616261736573 00 01000000 08 6e616d654f6e6c79 00 01"
    # filter: {name: ""}
    "03 66696c746572 00 10000000 02 6e616d65 00 01000000 00 00"
    # $db: "admin"
    "02 246462 00 06000000 61646d696e 00 00"
)
KEXINIT = bytes([20]) + bytes(16) + b"".join(
    len(names).to_bytes(4) + names for names in [b"curve25519-sha256", b"ssh-ed25519", *[b"x"] * 6, b"", b""]
)  # fmt: skip


class Recorder:
    """A server that keeps what comes, by connection, and answers so that nobody has to wait."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.connections: list[bytearray] = []
        self._context = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads: list[Thread] = []
        self._last: Any = None
        self._accepting = Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def all(self) -> list[bytes]:
        """What has come, once every connection has ended; one of our own, which comes last, tells that all are in."""
        with socket.socket() as last:
            last.bind(("127.0.0.1", 0))
            self._last = last.getsockname()
            last.connect(("127.0.0.1", self.port))
            self._accepting.join(10)
            assert not self._accepting.is_alive()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()
        return [bytes(came) for came in self.connections]

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, peer = self._listener.accept()
                if peer == self._last:
                    connection.close()
                    return
                came = bytearray()
                self.connections.append(came)
                thread = Thread(target=self._serve, args=(connection, came), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket, came: bytearray) -> None:
        with suppress(OSError), connection:
            stream = self._context.wrap_socket(connection, server_side=True) if self._context else connection
            answered = False
            while data := stream.recv(65536):
                came += data
                if not answered and (answer := _answer(bytes(came))):
                    stream.sendall(answer)
                    answered = True


def _answer(came: bytes) -> bytes:
    if came.endswith(b"\r\n\r\n"):
        return b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\n" + (
            b"" if came.startswith((b"HEAD", b"OPTIONS")) else b"login"
        )
    if came == PING:
        return b"-NOAUTH Authentication required.\r\n"
    if came.startswith(b"SSH-"):
        length = (len(KEXINIT) + 5).to_bytes(4)
        return b"SSH-2.0-recorder\r\n" + length + bytes([4]) + KEXINIT + bytes(4)
    if came == LIST_DATABASES:
        return bytes([16, 0, 0, 0]) + bytes(12)
    if came[:1] == b"\x16":
        return b"\x15\x03\x01\x00\x02\x02\x28"  # handshake_failure
    return b""


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    """oa.example is on loopback, as the operator's SSH configuration says."""
    (tmp_path / "ssh_config").write_text("Host oa.example\n HostName 127.0.0.1\n", encoding="utf-8")
    with Network([tmp_path / "ssh_config"], [], lambda _: Login()) as network:
        yield network


@pytest.fixture
def recorder() -> Iterator[Callable[..., Recorder]]:
    started: list[Recorder] = []

    def start(certificate: Path | None = None) -> Recorder:
        started.append(Recorder(certificate))
        return started[-1]

    yield start
    for one in started:
        one.close()


def target(probe: AnyProbe, port: int, scheme: str) -> Target:
    url = probe.kind is Kind.URL
    return Target(probe.kind, "oa.example", port, "oa", scheme if url else "", "/oa/" if url else "")


def ask_all(probe: AnyProbe, at: Target, network: Network) -> list[Any]:
    questions = list(probe.ask(at, probe.params()))
    for question in questions:
        try:
            asked(question, Way(network), 20)
        except NotTaken:
            assert isinstance(question, Handshakes)  # the recorder agrees to nothing
    return questions


def written_out(question: Any, port: int) -> bytes:
    match question:
        case Request():
            head = f"{question.method} {question.path} HTTP/1.1\r\nHost: oa.example:{port}\r\n"
            fixed = "User-Agent: xunjian-probe\r\nAccept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n"
            return (head + fixed).encode()
        case Connect():
            return b""
        case KeyExchange():
            return b"SSH-2.0-xunjian\r\n"
        case Say(_, _, what):
            return {"redis-ping": PING, "mongodb-list": LIST_DATABASES}[what]
    raise AssertionError(question)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("probe", NETWORK_PROBES, ids=lambda probe: probe.id)
def test_nothing_else_is_sent(
    probe: AnyProbe, scheme: str, network: Network, recorder: Callable[..., Recorder], certificates: Path
) -> None:
    # Given
    handshakes = any(isinstance(one, Handshakes) for one in probe.ask(target(probe, 1, scheme), probe.params()))
    tls = scheme == "https" and probe.kind is Kind.URL and not handshakes
    server = recorder(certificates / "valid.pem" if tls else None)
    # When
    questions = ask_all(probe, target(probe, server.port, scheme), network)
    # Then
    came = server.all()
    if handshakes:
        assert came
        for one in came:
            assert is_one_hello(one)
    else:
        assert came == [written_out(question, server.port) for question in questions]


@pytest.mark.parametrize("probe", NETWORK_PROBES, ids=lambda probe: probe.id)
def test_the_document_says_so(probe: AnyProbe) -> None:
    # Given
    at = target(probe, 443 if probe.kind is Kind.URL else 7001, "https")
    [row] = [line for line in DOCUMENT.splitlines() if f"| `{probe.id}` |" in line]
    # Then
    wanted = [said(question).replace("|", "\\|") for question in probe.ask(at, probe.params())]
    assert re.findall(r"(?:：<br>|<br>)`([^`]*)`", row) == wanted
    for method in ("PUT", "POST", "DELETE", "TRACE", "PATCH"):
        assert not any(one.startswith(method) for one in wanted)


def test_a_certificate_is_read_and_nothing_is_said(
    network: Network, recorder: Callable[..., Recorder], certificates: Path
) -> None:
    # Given
    server = recorder(certificates / "valid.pem")
    # When
    reply = asked(Handshakes("oa.example", server.port, "certificate"), Way(network), 20)
    # Then
    assert reply.fingerprint  # type: ignore[union-attr]
    assert server.all() == [b""]


def test_what_must_never_be_downloaded() -> None:
    """A heapdump and the environment are asked for by HEAD, Redis is pinged once, and no user of Nacos is listed."""
    # Given
    at = target(safe_probe("actuator"), 80, "http")
    # Then
    for question in safe_probe("actuator").ask(at, safe_probe("actuator").params()):
        assert question.method == ("GET" if question.path == "/oa/actuator" else "HEAD")
    redis = safe_probe("redis-no-login")
    assert [one.what for one in redis.ask(target(redis, 1, ""), redis.params())] == ["redis-ping"]
    users, _ = safe_probe("nacos").ask(at, safe_probe("nacos").params())
    assert users.path.endswith("?pageNo=9999999&pageSize=1")


def is_one_hello(came: bytes) -> bool:
    """One record, with one ClientHello in it, and nothing after."""
    length = int.from_bytes(came[3:5])
    hello = int.from_bytes(came[6:9])
    return (
        came[0] == ContentType.handshake
        and came[5] == HandshakeType.client_hello
        and len(came) == 5 + length
        and length == 4 + hello
    )
