"""Mail to real SMTP servers on loopback, good ones and others."""

import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from email.utils import parsedate_to_datetime
from pathlib import Path
from socket import SHUT_WR, create_connection, create_server, socket
from threading import Thread

import pytest
from notify_desk import AT, LINK, MESSAGE, SECRETS, mail, send
from sinks import SmtpSink, talker

LOGIN = {"account": "xunjian", "password": "mail.password"}


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink() as made:
        yield made


@pytest.fixture
def secure(certificates: Path) -> Iterator["Secure"]:
    with ExitStack() as stack:
        yield Secure(certificates, stack)


class Secure:
    """Starts servers that have TLS and one account."""

    def __init__(self, certificates: Path, stack: ExitStack) -> None:
        self.certificates, self.stack = certificates, stack

    def start(self, security: str, certificate: str = "valid", without: tuple[str, ...] = ()) -> SmtpSink:
        accounts = {"xunjian": SECRETS["mail.password"]}
        made = SmtpSink(security, self.certificates / f"{certificate}.pem", accounts, without)
        return self.stack.enter_context(made)


@contextmanager
def forwarded(host: str, port: int) -> Iterator[int]:
    """Another address for a server."""
    with create_server((host, 0)) as listening:

        def carry(here: socket, there: socket) -> None:
            with suppress(OSError):
                while data := here.recv(65536):
                    there.sendall(data)
                there.shutdown(SHUT_WR)

        def serve() -> None:
            here, there = listening.accept()[0], create_connection(("127.0.0.1", port))
            for pair in ((here, there), (there, here)):
                Thread(target=carry, args=pair, daemon=True).start()

        Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]


def test_the_mail_is_what_was_meant(sink: SmtpSink, trusted: ssl.SSLContext) -> None:
    # When
    receipt = send(mail(sink.port, to=["duty@example.cn", "lead@example.cn"]), trusted)
    # Then: the server's own words are the proof
    assert (receipt.ok, receipt.answer) == (True, "250 2.0.0 Ok: queued as 4F9A")
    [got] = sink.received
    assert (got.sender, got.to) == ("xunjian@example.cn", ["duty@example.cn", "lead@example.cn"])
    assert got.message["Subject"] == MESSAGE.title
    assert got.message["From"] == "xunjian@example.cn"
    assert got.message["To"] == "duty@example.cn, lead@example.cn"
    assert got.message["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(got.message["Date"]) == AT
    assert got.text == f"{MESSAGE.text}\n\n{LINK}\n"
    assert not got.secure
    assert sink.greetings == ["[127.0.0.1]"]


def test_a_repeated_mail_can_be_recognised(sink: SmtpSink, trusted: ssl.SSLContext) -> None:
    # When: the same twice, and another
    for message in (MESSAGE, MESSAGE._replace(title="再发"), MESSAGE._replace(id="oa-2026-03-02/2")):
        send(mail(sink.port), trusted, message)
    # Then
    first, again, other = (got.message["Message-ID"] for got in sink.received)
    assert first == again == "<oa-2026-03-02%2F1@example.cn>"
    assert other != first


@pytest.mark.parametrize("identity", ["中文 id>", "a" * 300, "x@y", "..", "a\r\nBcc: all@example.cn"], ids=range(5))
def test_any_id_makes_one_header(sink: SmtpSink, trusted: ssl.SSLContext, identity: str) -> None:
    # When
    assert send(mail(sink.port), trusted, MESSAGE._replace(id=identity)).ok
    # Then
    [got] = sink.received
    written = got.message["Message-ID"]
    assert written.startswith("<")
    assert written.endswith("@example.cn>")
    assert written.count("@") == 1
    assert not set(written) & set(" \r\n")
    assert "Bcc" not in got.message


def test_no_header_can_be_smuggled_in_by_a_title(sink: SmtpSink, trusted: ssl.SSLContext) -> None:
    # Given
    odd = MESSAGE._replace(title="告警\r\nBcc: all@example.cn\r\n\r\n正文", text=".\r\nQUIT\n.\n..\n" + "长" * 3000)
    # When
    assert send(mail(sink.port), trusted, odd).ok
    # Then
    [got] = sink.received
    assert got.message["Subject"] == "告警 Bcc: all@example.cn 正文"
    assert got.to == ["duty@example.cn"]
    assert got.text.split("\n")[1:4] == ["QUIT", ".", ".."]


@pytest.mark.parametrize("security", ["starttls", "ssl"])
@pytest.mark.parametrize("without", [(), ("PLAIN",)])
def test_it_logs_in_over_tls(secure: Secure, trusted: ssl.SSLContext, security: str, without: tuple[str, ...]) -> None:
    # Given
    sink = secure.start(security, without=without)
    # When
    receipt = send(mail(sink.port, security=security, **LOGIN), trusted)
    # Then
    assert receipt.ok, receipt
    [got] = sink.received
    assert (got.secure, got.account) == (True, "xunjian")
    assert sink.logins == ["LOGIN" if without else "PLAIN"]


def test_a_wrong_password_is_tried_once(secure: Secure, trusted: ssl.SSLContext) -> None:
    """Given two ways to log in, when the password is wrong, then the account is not brought nearer to its lock."""
    sink = secure.start("starttls")
    # When
    receipt = send(mail(sink.port, security="starttls", **LOGIN), trusted, **{"mail.password": "wrong"})
    # Then
    assert not receipt.ok
    assert "登录被拒绝：535 5.7.8" in receipt.answer
    assert len(sink.logins) == 1
    assert not sink.received


@pytest.mark.parametrize(
    ("sink_security", "more", "told"),
    [
        ("none", {"security": "starttls"}, "不支持：STARTTLS"),
        ("none", {"security": "ssl"}, "不是 TLS"),
        ("ssl", {"security": "none"}, "没有完成"),
    ],
)
def test_a_server_of_another_kind(
    secure: Secure, trusted: ssl.SSLContext, sink_security: str, more: dict[str, str], told: str
) -> None:
    # Given: both wait for the other to speak first where TLS meets none
    sink = secure.start(sink_security)
    # When
    receipt = send(mail(sink.port, **more), trusted, timeout=1)
    # Then
    assert not receipt.ok
    assert told in receipt.answer
    assert not sink.received


def test_without_a_way_to_log_in_nothing_is_sent(secure: Secure, trusted: ssl.SSLContext) -> None:
    # Given
    sink = secure.start("ssl", without=("PLAIN", "LOGIN"))
    # When
    receipt = send(mail(sink.port, security="ssl", **LOGIN), trusted)
    # Then
    assert not receipt.ok
    assert "不提供能用的登录方式" in receipt.answer
    assert not sink.received


def test_a_password_that_smtp_cannot_carry(secure: Secure, trusted: ssl.SSLContext) -> None:
    # Given
    sink = secure.start("ssl")
    # When
    receipt = send(mail(sink.port, security="ssl", **LOGIN), trusted, **{"mail.password": "静水流深"})
    # Then
    assert not receipt.ok
    assert "非 ASCII" in receipt.answer
    assert not sink.logins


@pytest.mark.parametrize("security", ["starttls", "ssl"])
@pytest.mark.parametrize(
    ("certificate", "host", "words"),
    [
        ("expired", "127.0.0.1", "certificate has expired"),
        ("self-signed", "127.0.0.1", "self-signed certificate"),
        ("valid", "127.0.0.2", "IP address mismatch"),
    ],
)
def test_a_wrong_certificate_ends_it(
    secure: Secure, trusted: ssl.SSLContext, security: str, certificate: str, host: str, words: str
) -> None:
    # Given: 127.0.0.2 is not in any certificate
    sink = secure.start(security, certificate)
    with ExitStack() as stack:
        port = sink.port if host == "127.0.0.1" else stack.enter_context(forwarded(host, sink.port))
        # When
        receipt = send(mail(port, host=host, security=security, **LOGIN), trusted)
    # Then: nobody was told the password
    assert not receipt.ok
    assert "证书不可信" in receipt.answer
    assert words in receipt.answer
    assert not sink.logins
    assert not sink.received


def test_some_recipients_are_refused(sink: SmtpSink, trusted: ssl.SSLContext) -> None:
    # Given
    sink.refused = {"gone@example.cn": "550 5.1.1 no such user here"}
    # When
    receipt = send(mail(sink.port, to=["gone@example.cn", "duty@example.cn"]), trusted)
    # Then
    assert receipt.ok
    assert receipt.answer == "250 2.0.0 Ok: queued as 4F9A；2 个收件人中 1 个被拒绝：550 5.1.1 no such user here"
    assert sink.received[0].to == ["duty@example.cn"]


def test_all_recipients_are_refused(sink: SmtpSink, trusted: ssl.SSLContext) -> None:
    # Given
    sink.refused = dict.fromkeys(("a@example.cn", "b@example.cn"), "450 4.2.0 try again later")
    # When
    receipt = send(mail(sink.port, to=list(sink.refused)), trusted)
    # Then
    assert (receipt.ok, receipt.answer) == (False, "2 个收件人都被拒绝：450 4.2.0 try again later")
    assert not sink.received


@pytest.mark.parametrize("answer", ["550 5.7.1 rejected by policy", "452 4.3.1 insufficient system storage"])
def test_the_answer_to_the_data_decides(sink: SmtpSink, trusted: ssl.SSLContext, answer: str) -> None:
    # Given
    sink.answer = answer
    # When
    receipt = send(mail(sink.port), trusted)
    # Then
    assert (receipt.ok, receipt.answer) == (False, answer)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([b"554 5.3.2 not accepting mail"], "服务器不接受连接：554 5.3.2 not accepting mail"),
        ([b"220 a", b"250 a", b"530 5.7.0 log in first"], "发件人被拒绝：530 5.7.0 log in first"),
        ([b"220 a", b"250 a", b"250 a", b"250 a", b"451 4.3.0 not now"], "邮件被拒绝：451 4.3.0 not now"),
        ([b"220 a", b"250 a", b"250 a"], "中断了连接"),
        ([b"HTTP/1.1 400 Bad Request"], "没有按 SMTP 回答"),
        ([b"220 " + b"a" * 20_000], "500 Line too long"),
        ([b""], "没有按 SMTP 回答"),
    ],
    ids=range(7),
)
def test_what_servers_say(trusted: ssl.SSLContext, lines: list[bytes], told: str) -> None:
    # Given: a server that says one line for each of ours, and hangs up
    def talk(connection: socket) -> None:
        for line in lines:
            connection.sendall(line + b"\r\n")
            connection.recv(4096)

    with talker(talk) as port:
        # When
        receipt = send(mail(port), trusted)
    # Then
    assert not receipt.ok
    assert told in receipt.answer


def test_nobody_waits_for_a_farewell(trusted: ssl.SSLContext) -> None:
    """Given a server that is silent once it has accepted the mail, when it is sent, then it counts as delivered."""
    got: list[bytes] = []

    def talk(connection: socket) -> None:
        for line in (b"220 a", b"250 a", b"250 a", b"250 a", b"354 go on"):
            connection.sendall(line + b"\r\n")
            got.append(connection.recv(65536))
        while not got[-1].endswith(b"\r\n.\r\n"):
            got.append(got.pop() + connection.recv(65536))
        connection.sendall(b"250 2.0.0 accepted\r\n")
        got.append(connection.recv(100))
        time.sleep(30)

    with talker(talk) as port:
        receipt = send(mail(port), trusted, timeout=5)
        # Then
        assert (receipt.ok, receipt.answer) == (True, "250 2.0.0 accepted")
        assert receipt.seconds < 2
        assert got[-1] == b"quit\r\n"


def test_nobody_listens(trusted: ssl.SSLContext) -> None:
    # Given
    with create_server(("127.0.0.1", 0)) as used:
        port = used.getsockname()[1]
    # When
    receipt = send(mail(port), trusted)
    # Then
    assert (receipt.ok, receipt.answer) == (False, f"127.0.0.1:{port}：拒绝连接")


def test_a_name_without_address(trusted: ssl.SSLContext) -> None:
    # RFC 6761: there is none below .invalid
    receipt = send(mail(25, host="mail.invalid"), trusted)
    assert (receipt.ok, receipt.answer) == (False, "mail.invalid:25：主机名解析不出地址")
