"""What holds for every channel: one limit on time, no secret anywhere, faults told and not raised."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import create_server, socket, socketpair
from typing import Any

import pytest
from notify_desk import AT, LINK, MESSAGE, SECRETS, channel, mail, robot, send
from sinks import Answer, WebhookSink, talker

from tasks.notify.line import Line

SHORT = 0.5  # seconds
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture
def sink() -> Iterator[WebhookSink]:
    with WebhookSink() as made:
        made.wecom = {SECRETS["wecom.key"]}
        made.authorization = SECRETS["service"]
        yield made


def service(url: str, path: str = "/notices") -> Any:
    return channel("webhook", url=url + path, headers={"Authorization": "service"})


def trickle(before: bytes, what: bytes) -> Callable[[socket], None]:
    """Says something often enough for every limit on silence, and never comes to an end."""

    def talk(connection: socket) -> None:
        connection.sendall(before)
        while True:
            connection.sendall(what)
            time.sleep(0.05)

    return talk


def silent(connection: socket) -> None:
    time.sleep(30)


def hear(connection: socket) -> None:
    """Take a whole request: what is left unread at the end resets the connection."""
    while not connection.recv(65536).endswith(b"}"):
        pass


def nothing_goes_on() -> bool:
    """Whether the work ends, though the far side goes on."""
    until = time.monotonic() + 2
    while (running := "notify" in {thread.name for thread in threading.enumerate()}) and time.monotonic() < until:
        time.sleep(0.01)
    return not running


# The limit on time


@pytest.mark.parametrize(
    "talk",
    [
        silent,
        trickle(b"", b"x"),
        trickle(HEAD, b"X-More: more\r\n"),
        trickle(HEAD + b"Content-Length: 9999\r\n\r\n", b" "),
        trickle(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        trickle(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silent", "status", "headers", "body", "chunks", "continue"],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_web_server_holds_it_for_longer(
    trusted: ssl.SSLContext, talk: Callable[[socket], None], scheme: str
) -> None:
    with talker(talk) as port:
        # When
        receipt = send(robot("wecom", f"{scheme}://127.0.0.1:{port}"), trusted, timeout=SHORT)
        # Then: in time, or refused before it
        assert not receipt.ok
        assert scheme == "https" or "0.5 秒内没有完成" in receipt.answer
        assert nothing_goes_on()


@pytest.mark.parametrize(
    "talk",
    [silent, trickle(b"", b"2"), trickle(b"220 a\r\n", b"250-a\r\n"), trickle(b"220 a\r\n", b"250-")],
    ids=["silent", "greeting", "lines", "line"],
)
@pytest.mark.parametrize("security", ["none", "starttls", "ssl"])
def test_no_mail_server_holds_it_for_longer(
    trusted: ssl.SSLContext, talk: Callable[[socket], None], security: str
) -> None:
    with talker(talk) as port:
        # When
        receipt = send(mail(port, security=security), trusted, timeout=SHORT)
        # Then
        assert not receipt.ok
        assert nothing_goes_on()


def test_a_handshake_that_trickles(trusted: ssl.SSLContext) -> None:
    # Given: the beginning of a TLS record that is never complete
    with talker(trickle(b"\x16\x03\x03\x40\x00", b"\x02")) as port:
        # When
        receipt = send(service(f"https://127.0.0.1:{port}"), trusted, timeout=SHORT)
        assert nothing_goes_on()
    # Then
    assert (receipt.ok, receipt.answer) == (False, f"127.0.0.1:{port}：0.5 秒内没有完成")


def test_a_connection_that_comes_too_late_is_of_no_use() -> None:
    """Given a name that was resolved when time was up, when it is connected to, then nothing can be said any more."""
    line = Line(SHORT)
    line.hang_up()
    here, there = socketpair()
    with here, there:
        # When
        line.hold(here)
        # Then
        assert there.recv(1) == b""
        with pytest.raises(BrokenPipeError):
            here.sendall(b"EHLO")


def test_what_comes_in_time_is_waited_for(trusted: ssl.SSLContext) -> None:
    # Given: slow, but done
    def talk(connection: socket) -> None:
        hear(connection)
        for piece in (HEAD, b"Content-Length: 13\r\n\r\n", b'{"errcode"', b":0}"):
            connection.sendall(piece)
            time.sleep(0.1)

    with talker(talk) as port:
        assert send(robot("wecom", f"http://127.0.0.1:{port}"), trusted, timeout=5).ok


# Faults


@pytest.mark.parametrize("certificate", ["expired", "self-signed"])
def test_certificates_are_checked(certificates: Path, trusted: ssl.SSLContext, certificate: str) -> None:
    with WebhookSink(certificates / f"{certificate}.pem") as sink:
        # When
        receipt = send(service(sink.url), trusted)
    # Then
    assert not receipt.ok
    assert "证书不可信" in receipt.answer
    assert not sink.asked


def test_a_certificate_of_the_own_authority_will_do(certificates: Path, trusted: ssl.SSLContext) -> None:
    with WebhookSink(certificates / "valid.pem") as sink:
        assert send(service(sink.url), trusted).ok
        assert sink.url.startswith("https://")


def test_nobody_listens(trusted: ssl.SSLContext) -> None:
    with create_server(("127.0.0.1", 0)) as used:
        port = used.getsockname()[1]
    receipt = send(service(f"http://127.0.0.1:{port}"), trusted)
    assert (receipt.ok, receipt.answer) == (False, f"127.0.0.1:{port}：拒绝连接")


@pytest.mark.parametrize("host", ["nowhere.invalid", f"{'x' * 64}.example.cn"])
def test_a_name_without_address(trusted: ssl.SSLContext, host: str) -> None:
    receipt = send(service(f"https://{host}"), trusted)
    assert (receipt.ok, receipt.answer) == (False, f"{host}:443：主机名解析不出地址")


@pytest.mark.parametrize(
    "said_back", [b"SSH-2.0-OpenSSH_9.2\r\n", b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}"]
)
def test_no_proper_answer(trusted: ssl.SSLContext, said_back: bytes) -> None:
    # Given
    def talk(connection: socket) -> None:
        hear(connection)
        connection.sendall(said_back)

    with talker(talk) as port:
        # When
        receipt = send(service(f"http://127.0.0.1:{port}"), trusted)
    # Then
    assert not receipt.ok
    assert "对方中断了连接" in receipt.answer


# The service of the operator's own


def test_the_service_gets_the_message_as_json(sink: WebhookSink, trusted: ssl.SSLContext) -> None:
    # When
    receipt = send(service(f"{sink.url}"), trusted)
    # Then
    assert (receipt.ok, receipt.answer) == (True, "HTTP 204")
    [got] = sink.received
    assert got.body == {**MESSAGE._asdict(), "link": LINK, "at": AT.isoformat()}
    assert got.headers["content-type"] == "application/json; charset=utf-8"


def test_the_query_of_its_address_is_kept(sink: WebhookSink, trusted: ssl.SSLContext) -> None:
    assert send(service(sink.url, path="/notices?room=3&to=duty"), trusted).ok
    assert sink.received[0].query == {"room": "3", "to": "duty"}


@pytest.mark.parametrize(
    ("answer", "ok"),
    [
        (Answer(200, b"thanks"), True),
        (Answer(202, b""), True),
        (Answer(302, b"", headers=(("Location", "https://example.cn/login"),)), False),
        (Answer(304, b""), False),
        (Answer(401, b"who are you?"), False),
        (Answer(503, b"later"), False),
    ],
)
def test_any_2xx_is_acceptance(sink: WebhookSink, trusted: ssl.SSLContext, answer: Answer, ok: bool) -> None:
    # Given
    sink.next = [answer]
    # When
    receipt = send(service(sink.url), trusted)
    # Then
    assert receipt.ok is ok
    assert receipt.answer.startswith(f"HTTP {answer.status}")
    assert answer.body.decode() in receipt.answer
    assert len(sink.asked) == 1


@pytest.mark.parametrize("value", ["two\nlines", "密语", "tab\there"])
def test_a_header_that_cannot_be(sink: WebhookSink, trusted: ssl.SSLContext, value: str) -> None:
    receipt = send(service(sink.url), trusted, service=value)
    assert (receipt.ok, receipt.answer) == (False, "没有发出：请求头 Authorization 的口令里有换行或非 ASCII 字符")
    assert not sink.asked


def test_no_proxy_is_taken_from_the_environment(
    sink: WebhookSink, trusted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert send(service(sink.url), trusted).ok
