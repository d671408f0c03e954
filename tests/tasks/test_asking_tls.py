"""TLS as real servers speak it: OpenSSL's s_server, and tlslite for what OpenSSL has given up (SSLv3, RC4, 3DES)."""

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey  # type: ignore[import-untyped]
from tlslite.errors import BaseTLSException  # type: ignore[import-untyped]
from tlslite.messages import ServerHello  # type: ignore[import-untyped]

from checks.finding import Reason, State
from checks.host_check import NotTaken
from checks.safe_probe import AnyProbe, Handshakes, TlsSeen, safe_probe, verdict
from tasks.asking import Way, asked
from tasks.asking.tls import VERSIONS
from tasks.ssh import Login, Network

Serve = Callable[[Callable[[socket.socket], None]], int]
WITHIN = 20.0  # seconds
OPENSSL = shutil.which("openssl")
ALERT = b"\x15\x03\x01\x00\x02\x02"


@pytest.fixture(scope="module")
def way() -> Iterator[Way]:
    with Network([], [], lambda _: Login()) as network:
        yield Way(network)


@pytest.fixture
def s_server(certificates: Path) -> Iterator[Callable[..., int]]:
    """Starts OpenSSL's server; returns its port."""
    with ExitStack() as stack:

        def start(*options: str) -> int:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = int(free.getsockname()[1])
            own = ["-cert", str(certificates / "valid.pem"), "-key", str(certificates / "valid.key")]
            command = [str(OPENSSL), "s_server", "-accept", f"127.0.0.1:{port}", "-quiet", *own, *options]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.kill)
            until = time.monotonic() + WITHIN
            while True:
                with suppress(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.1", port)).close()
                    return port
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.02)

        yield start


def looked(port: int, way: Way, probe: AnyProbe) -> tuple[State, str]:
    found = verdict(probe, [asked(Handshakes("127.0.0.1", port, seek_of(probe)), way, WITHIN)], probe.params())
    return found.state, found.summary


def seek_of(probe: AnyProbe) -> str:  # type: ignore[return]
    return {"tls-ciphers": "ciphers", "tls-min-version": "versions", "certificate": "certificate"}[probe.id]


def seen(port: int, way: Way, seek: str = "versions") -> TlsSeen:
    reply = asked(Handshakes("127.0.0.1", port, seek), way, WITHIN)  # type: ignore[arg-type]
    assert isinstance(reply, TlsSeen)
    return reply


def refused(port: int, way: Way, within: float = WITHIN) -> NotTaken:
    with pytest.raises(NotTaken) as error:
        asked(Handshakes("127.0.0.1", port), way, within)
    return error.value


def test_what_the_local_openssl_refuses_is_found(s_server: Callable[..., int], way: Way) -> None:
    """Given TLS 1.0 on a real server; when Python's own client is not able to speak it; then the probe finds it."""
    # Given
    port = s_server("-cipher", "ALL:eNULL:@SECLEVEL=0", "-min_protocol", "TLSv1")
    naive = ssl.create_default_context()
    naive.check_hostname, naive.verify_mode = False, ssl.CERT_NONE
    naive.maximum_version = ssl.TLSVersion.TLSv1
    with socket.create_connection(("127.0.0.1", port)) as plain, pytest.raises(ssl.SSLError):
        naive.wrap_socket(plain)
    # Then
    state, summary = looked(port, way, safe_probe("tls-min-version"))
    assert state is State.CRIT
    assert "TLS 1.0、TLS 1.1" in summary
    assert "TLS_ECDHE_ECDSA_WITH_NULL_SHA" in seen(port, way, "ciphers").ciphers["TLS 1.0"]
    assert looked(port, way, safe_probe("tls-ciphers"))[0] is State.CRIT


def test_a_server_as_it_should_be(s_server: Callable[..., int], way: Way) -> None:
    port = s_server("-cipher", "ECDHE+AESGCM")
    for probe in ("tls-min-version", "tls-ciphers"):
        state, summary = looked(port, way, safe_probe(probe))
        assert state is State.OK, summary
    assert looked(port, way, safe_probe("tls-min-version"))[1].startswith("接受 TLS 1.2、TLS 1.3；")


@pytest.mark.parametrize("only", ["tls1", "tls1_1", "tls1_2", "tls1_3"])
def test_each_version_by_itself(only: str, s_server: Callable[..., int], way: Way) -> None:
    """A server that speaks one version: that one is found, and its certificate is read."""
    # Given
    port = s_server(f"-{only}", "-cipher", "ALL:@SECLEVEL=0")
    name = {"tls1": "TLS 1.0", "tls1_1": "TLS 1.1", "tls1_2": "TLS 1.2", "tls1_3": "TLS 1.3"}[only]
    # Then
    assert [one for one, agreed in seen(port, way).versions.items() if agreed] == [name]
    assert len(seen(port, way, "certificate").fingerprint) == 64


def test_a_certificate_that_clients_refuse(s_server: Callable[..., int], way: Way, tmp_path: Path) -> None:
    """Signed by itself with SHA-1, a key of 1024 bits, for nobody: it is read, and all of that is said."""
    # Given
    pem, key = tmp_path / "weak.pem", tmp_path / "weak.key"
    subprocess.run(
        [str(OPENSSL), "req", "-x509", "-newkey", "rsa:1024", "-sha1", "-nodes", "-keyout", key, "-out", pem,
         "-days", "100", "-subj", "/CN=oa.example"],
        check=True, capture_output=True,
    )  # fmt: skip
    port = s_server("-cert", str(pem), "-key", str(key), "-cipher", "ALL:@SECLEVEL=0")
    # When
    state, summary = looked(port, way, safe_probe("certificate"))
    # Then
    assert state is State.CRIT
    for words in ("自签名", "（没有域名）", "RSA 1024", "sha1WithRSAEncryption"):
        assert words in summary


def test_what_no_openssl_offers_any_more(tcp: Serve, way: Way, certificates: Path) -> None:
    """SSLv3, RC4 and 3DES on tlslite's server, which still can."""
    # Given
    chain = X509CertChain()
    chain.parsePemList((certificates / "valid.pem").read_text())
    key = parsePEMKey((certificates / "valid.key").read_text(), private=True)
    settings = HandshakeSettings()
    settings.minVersion, settings.maxVersion = (3, 0), (3, 1)
    settings.cipherNames = ["rc4", "3des"]
    settings.macNames = ["sha", "md5"]

    def serve(connection: socket.socket) -> None:
        with suppress(BaseTLSException, OSError):
            TLSConnection(connection).handshakeServer(certChain=chain, privateKey=key, settings=settings)

    port = tcp(serve)
    # When
    found = seen(port, way, "ciphers")
    # Then
    assert [name for name, agreed in found.versions.items() if agreed] == ["SSLv3", "TLS 1.0"]
    wanted = {"TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"}
    assert wanted <= set(found.ciphers["TLS 1.0"])


def test_export_ciphers(tcp: Serve, way: Way) -> None:
    """Fake: no server at hand still has them. It takes 40-bit RC4 in TLS 1.0 where that is offered."""

    def serve(connection: socket.socket) -> None:
        hello = connection.recv(65536)
        if hello[9:11] == b"\x03\x01" and b"\x00\x03" in hello[44:300]:
            connection.sendall(server_hello(VERSIONS["TLS 1.0"], 3))
        else:
            connection.sendall(ALERT + b"\x46")

    port = tcp(serve)
    assert seen(port, way).versions["TLS 1.0"]
    assert not seen(port, way).versions["TLS 1.2"]


def test_silence_on_an_old_version_is_a_refusal_only_while_the_server_answers(tcp: Serve, way: Way) -> None:
    """Given servers that hang up on what they do not like: one goes on answering, the other does not."""

    # Given
    def serving(times: int) -> int:
        left = [times]

        def serve(connection: socket.socket) -> None:
            with connection:
                if b"\x00\x2b\x00\x03\x02\x03\x04" in connection.recv(65536) and left[0]:
                    left[0] -= 1
                    connection.sendall(server_hello(VERSIONS["TLS 1.2"], 0x1301, newer=True))

        return tcp(serve)

    # Then
    assert [name for name, agreed in seen(serving(99), way).versions.items() if agreed] == ["TLS 1.3"]
    assert refused(serving(1), way).reason is Reason.INCOMPLETE


def test_what_agrees_to_nothing_is_not_mended(tcp: Serve, way: Way) -> None:
    """A server that refuses all versions may speak another TLS (TLCP): that is no verdict."""
    error = refused(tcp(lambda connection: connection.sendall(ALERT + b"\x46" if connection.recv(9999) else b"")), way)
    assert error.reason is Reason.UNSUPPORTED
    assert "TLCP" in error.what


def test_what_speaks_no_tls(tcp: Serve, way: Way) -> None:
    error = refused(tcp(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")), way)
    assert error.reason is Reason.UNSUPPORTED
    assert "不是 TLS" in error.what


def test_what_is_gone_or_silent(tcp: Serve, way: Way) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert refused(port, way).reason is Reason.UNREACHABLE
    silent = tcp(lambda connection: [None for _ in iter(lambda: connection.recv(9999), b"")].clear())
    assert refused(silent, way, 0.3).reason is Reason.TIMEOUT


def server_hello(version: tuple[int, int], suite: int, *, newer: bool = False) -> bytes:
    message = ServerHello().create(version, bytearray(32), bytearray(), suite, None, None)
    body = bytes(message.write())
    if newer:  # supported_versions: TLS 1.3
        body = body[:1] + (len(body) - 4 + 8).to_bytes(3) + body[4:] + b"\x00\x06\x00\x2b\x00\x02\x03\x04"
    return b"\x16\x03\x01" + len(body).to_bytes(2) + body
