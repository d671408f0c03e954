"""TLS and certificates, from servers on loopback, as the probe sees them."""

import shutil
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from probe_desk import GOOD, QUICK, TEXT, Talk, look, page, saying, secured, site
from sinks import tls_server

from checks.availability import Sight
from rehearsal.certs import make_certificates

NOT_IN_TLS = ("回答的不是 HTTP", "没有按 HTTP 回答就断开了连接", "连接被切断")


@pytest.fixture(scope="module")
def more_certificates(certificates: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same and others: not-yet.pem of our CA, stranger.pem of another that has the same name."""
    folder, early, other = (tmp_path_factory.mktemp(name) for name in ("more", "early", "other"))
    shutil.copytree(certificates, folder, dirs_exist_ok=True)
    for name in ("ca.pem", "ca.key"):
        shutil.copy(certificates / name, early)
    make_certificates(early, datetime.now(UTC) + timedelta(days=800))
    make_certificates(other, datetime.now(UTC))
    for there, name in ((early, "not-yet"), (other, "stranger")):
        for ending in ("pem", "key"):
            shutil.copy(there / f"valid.{ending}", folder / f"{name}.{ending}")
    return folder


def test_a_good_certificate(certificates: Path, trusted: ssl.SSLContext) -> None:
    with site(secured(certificates / "valid.pem", saying(GOOD)), "https") as url:
        for name in (url, url.replace("127.0.0.1", "localhost")):
            assert look(name, trusted, text=TEXT).sight is Sight.UP


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("expired", "证书不可信：已经过期"),
        ("not-yet", "证书不可信：还没有生效"),
        ("self-signed", "证书不可信：是自签名的"),
        ("stranger", "证书不可信：不是所写的颁发机构签的"),
    ],
)
def test_a_bad_certificate(more_certificates: Path, trusted: ssl.SSLContext, name: str, fault: str) -> None:
    with site(secured(more_certificates / f"{name}.pem", saying(GOOD)), "https") as url:
        reading = look(url, trusted)
        assert (reading.sight, reading.fault) == (Sight.DOWN, fault)


def test_an_authority_that_nobody_trusts(certificates: Path) -> None:
    with site(secured(certificates / "valid.pem", saying(GOOD)), "https") as url:
        reading = look(url, ssl.create_default_context())
    assert (reading.sight, reading.fault) == (Sight.DOWN, "证书不可信：颁发机构不受信任，或缺少中间证书")


def test_a_certificate_for_somebody_else(certificates: Path, trusted: ssl.SSLContext) -> None:
    # Given: neither is in it
    with site(secured(certificates / "valid.pem", saying(GOOD)), "https", "127.0.0.2") as url:
        reading = look(url, trusted)
    assert (reading.sight, reading.fault) == (Sight.DOWN, "证书不可信：不是发给这个地址的")


@pytest.mark.parametrize("name", ["self-signed", "valid", "expired"])
def test_a_self_signed_certificate_that_the_contract_accepts(
    certificates: Path, trusted: ssl.SSLContext, name: str
) -> None:
    # Given: with it, all are; the page inspection judges them
    with site(secured(certificates / f"{name}.pem", saying(GOOD)), "https") as url:
        assert look(url, trusted, self_signed=True, text=TEXT).sight is Sight.UP


def test_a_redirect_to_a_bad_certificate(certificates: Path, trusted: ssl.SSLContext) -> None:
    with (
        site(secured(certificates / "expired.pem", saying(GOOD)), "https") as bad,
        site(saying(page(b"", b"Location: " + bad.encode(), status=b"301 Moved"))) as url,
    ):
        reading = look(url, trusted)
    port = bad.rstrip("/").rpartition(":")[2]
    assert reading.fault == f"证书不可信：已经过期（跳转到 127.0.0.1:{port} 之后）"


def old(certificates: Path, version: ssl.TLSVersion) -> ssl.SSLContext:
    """A server of one version alone."""
    context = tls_server(certificates / "valid.pem")
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_an_old_version_of_tls(certificates: Path, trusted: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    with site(secured(old(certificates, version), saying(GOOD)), "https") as url:
        reading = look(url, trusted)
    # Then: no browser of today opens it
    assert (reading.sight, reading.fault) == (Sight.DOWN, "TLS 握手失败：对方只支持过时的 TLS 版本")


def test_the_versions_that_are_good(certificates: Path, trusted: ssl.SSLContext) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with site(secured(old(certificates, version), saying(GOOD)), "https") as url:
            assert look(url, trusted, text=TEXT).sight is Sight.UP


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_it_asks_for_our_certificate(certificates: Path, trusted: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    # Given
    context = old(certificates, version)
    context.verify_mode = ssl.CERT_REQUIRED
    with site(secured(context, saying(GOOD)), "https") as url:
        reading = look(url, trusted)
    # Then: it hangs up on us, and what it says of it may be lost
    assert reading.sight is Sight.DOWN
    assert "要客户端证书" in reading.fault or reading.fault == "连接被切断"


@pytest.mark.parametrize(
    ("talk", "fault"),
    [
        (saying(GOOD), "连上了，但 0.4 秒内没有回答"),
        (lambda connection: connection.sendall(GOOD), "TLS 握手失败：对方说的不是 TLS"),
        (lambda connection: None, ""),
        (lambda connection: connection.recv(1000) and None, ""),
        (
            lambda connection: connection.recv(1000) and connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"),
            "对方说的不是 TLS",
        ),
    ],
    ids=["waits", "http", "hangs-up", "listens", "ssh"],
)
def test_no_tls_where_tls_is_expected(trusted: ssl.SSLContext, talk: Talk, fault: str) -> None:
    with site(talk, "https") as url:
        reading = look(url, trusted, **QUICK)
    assert reading.sight is Sight.DOWN
    assert fault in reading.fault


def test_tls_where_none_is_expected(certificates: Path) -> None:
    with site(secured(certificates / "valid.pem", saying(GOOD))) as url:
        reading = look(url)
    assert reading.sight is Sight.DOWN
    assert reading.fault in NOT_IN_TLS


def test_a_handshake_that_is_never_done(trusted: ssl.SSLContext) -> None:
    with site(lambda connection: connection.recv(1000) and connection.recv(1), "https") as url:
        reading = look(url, trusted, **QUICK)
    assert (reading.sight, reading.fault) == (Sight.DOWN, "连上了，但 0.4 秒内没有回答")


@pytest.mark.parametrize("framed", [True, False])
def test_an_end_without_a_farewell(certificates: Path, trusted: ssl.SSLContext, framed: bool) -> None:
    """Given servers that end without TLS's own end, as many do, when they are probed, then that is no fault."""
    said = GOOD if framed else b"HTTP/1.1 200 OK\r\n\r\n" + TEXT.encode()
    with site(secured(certificates / "valid.pem", saying(said)), "https") as url:
        assert look(url, trusted, text=TEXT).sight is Sight.UP
