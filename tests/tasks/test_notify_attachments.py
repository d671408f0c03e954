"""Files by mail to real SMTP servers on loopback: who may carry them, what arrives, and what becomes of it."""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from email.message import EmailMessage
from pathlib import Path
from socket import socket
from typing import Any

import pytest
from notify_desk import AT, SECRETS
from notify_desk import mail as channel_to
from sinks import SmtpSink, talker

from checks.secrecy import Grade
from tasks.notify import Letter, MailReceipt, mail

CONTENT = bytes(range(256)) * 40 + b"\r\n.\r\n"
LETTER = Letter(
    "weekly-2026-W47-0c5e1fb2",
    "运维合同：周报 2026-W47",
    "见附件。",
    ("office@client.example.cn", "lead@client.example.cn"),
    ("周报-2026-W47（修订）.docx", CONTENT),
    AT,
)


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink() as made:
        yield made


def sent(
    port: int,
    trusted: ssl.SSLContext,
    letter: Letter = LETTER,
    secrecy: Grade = Grade.LEAST,
    timeout: float = 10,
    **more: Any,
) -> MailReceipt:
    receipt = mail(channel_to(port, **more), letter, SECRETS, grade=secrecy, trusted=trusted, timeout=timeout)
    assert receipt.answer
    assert receipt.answer.isprintable()
    assert not [value for value in SECRETS.values() if value in receipt.answer]
    assert receipt.message_id == "<weekly-2026-W47-0c5e1fb2@example.cn>"
    return receipt


def attachment(message: EmailMessage) -> EmailMessage:
    [part] = message.iter_attachments()
    assert isinstance(part, EmailMessage)
    return part


def test_the_file_arrives_as_it_was(sink: SmtpSink, trusted: ssl.SSLContext) -> None:
    # When
    receipt = sent(sink.port, trusted)
    # Then: the server's own words are the proof
    assert (receipt.ok, receipt.lost, receipt.answer) == (True, False, "250 2.0.0 Ok: queued as 4F9A")
    assert receipt.queue_id == "4F9A"
    [got] = sink.received
    assert got.to == ["office@client.example.cn", "lead@client.example.cn"]
    assert got.message["To"] == "office@client.example.cn, lead@client.example.cn"
    assert got.message["Subject"] == "运维合同：周报 2026-W47"
    assert got.message["Message-ID"] == receipt.message_id
    part = attachment(got.message)
    assert part.get_filename() == "周报-2026-W47（修订）.docx"
    assert part.get_content() == CONTENT
    assert part.get_content_type() == "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    body = got.message.get_body()
    assert body
    assert body.get_content().strip() == "见附件。"


def test_the_name_is_written_as_rfc_2231_has_it(sink: SmtpSink, trusted: ssl.SSLContext) -> None:
    sent(sink.port, trusted)
    raw = attachment(sink.received[0].message).as_bytes()
    assert b"filename*" in raw
    assert b"utf-8''" in raw
    assert raw.isascii()


@pytest.mark.parametrize(
    "name", ["a\r\nBcc: all@example.cn\r\n.docx", '"; x="y', "无扩展名", "长" * 200 + ".pdf"], ids=range(4)
)
def test_no_name_breaks_the_mail(sink: SmtpSink, trusted: ssl.SSLContext, name: str) -> None:
    assert sent(sink.port, trusted, LETTER._replace(file=(name, CONTENT))).ok
    [got] = sink.received
    assert "Bcc" not in got.message
    assert attachment(got.message).get_filename() == " ".join(name.split())
    assert attachment(got.message).get_content() == CONTENT


@pytest.mark.parametrize(
    ("cleared", "grade", "told"),
    [
        (1, Grade.MEDIUM, "渠道 duty 最高可发密级 1（最小敏感性信息），文档密级 2"),
        (2, Grade.MOST, "密级 3（非常敏感的信息）不经邮件发出"),
        (3, Grade.MOST, "密级 3（非常敏感的信息）不经邮件发出"),
    ],
)
def test_what_is_too_secret_for_the_channel_does_not_leave(
    sink: SmtpSink, trusted: ssl.SSLContext, cleared: int, grade: Grade, told: str
) -> None:
    receipt = sent(sink.port, trusted, secrecy=grade, grade=cleared)
    assert (receipt.ok, receipt.lost) == (False, False)
    assert receipt.answer.startswith(told)
    assert not sink.greetings  # nobody was called


def test_a_channel_that_is_cleared_carries_it(sink: SmtpSink, trusted: ssl.SSLContext) -> None:
    assert sent(sink.port, trusted, secrecy=Grade.MEDIUM, grade=2).ok


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_it_goes_in_tls_after_a_login(certificates: Path, trusted: ssl.SSLContext, security: str) -> None:
    with SmtpSink(security, certificates / "valid.pem", {"xunjian": SECRETS["mail.password"]}) as sink:
        receipt = sent(sink.port, trusted, security=security, account="xunjian", password="mail.password")
    assert receipt.ok
    assert (sink.received[0].secure, sink.received[0].account) == (True, "xunjian")


@pytest.mark.parametrize("security", ["starttls", "ssl"])
@pytest.mark.parametrize("certificate", ["expired", "self-signed"])
def test_a_wrong_certificate_ends_it(
    certificates: Path, trusted: ssl.SSLContext, security: str, certificate: str
) -> None:
    with ExitStack() as stack:
        sink = stack.enter_context(SmtpSink(security, certificates / f"{certificate}.pem"))
        receipt = sent(sink.port, trusted, security=security)
    assert (receipt.ok, receipt.lost) == (False, False)
    assert "证书不可信" in receipt.answer
    assert not sink.received


def test_one_receiver_refused_and_nobody_gets_it(sink: SmtpSink, trusted: ssl.SSLContext) -> None:
    """Given one wrong address of two, when it is mailed, then nothing was handed in, and the address is named."""
    sink.refused = {"lead@client.example.cn": "550 5.1.1 no such user"}
    receipt = sent(sink.port, trusted)
    assert (receipt.ok, receipt.lost) == (False, False)
    assert receipt.answer == "没有发给任何人：收件人 lead@client.example.cn 被拒绝：550 5.1.1 no such user"
    assert not sink.received


@pytest.mark.parametrize("answer", ["550 5.7.1 rejected by policy", "452 4.3.1 insufficient system storage"])
def test_a_refusal_is_no_delivery(sink: SmtpSink, trusted: ssl.SSLContext, answer: str) -> None:
    sink.answer = answer
    receipt = sent(sink.port, trusted)
    assert (receipt.ok, receipt.lost, receipt.answer, receipt.queue_id) == (False, False, answer, "")


def test_what_the_server_says_it_cannot_take_is_not_sent(sink: SmtpSink, trusted: ssl.SSLContext) -> None:
    """Given a server's SIZE, when the letter is larger, then both figures are told."""
    sink.limit = 2**20
    receipt = sent(sink.port, trusted, LETTER._replace(file=("x.pdf", bytes(2**20))))
    assert (receipt.ok, receipt.lost) == (False, False)
    assert receipt.answer == "没有发出：邮件 1.4 MB，服务器上限 1.0 MB"
    assert not sink.received


@pytest.mark.parametrize(
    ("answers", "lost", "told"),
    [
        ([b"220 a", b"250 a", b"250 a", b"250 a", b"250 a", b"354 go on", b""], True, "中断了连接"),
        (
            [b"220 a", b"250 a", b"250 a", b"250 a", b"250 a", b"354 go on", b"250 2.0.0 ok id=1abc-0001"],
            False,
            "250 2.0.0",
        ),
        ([b"220 a", b"250 a", b"250 a", b"250 a", b"250 a", b"451 4.3.0 not now"], False, "邮件被拒绝：451 4.3.0"),
        ([b"220 a", b"250 a", b"250 a", b"250 a", b""], False, "中断了连接"),
        ([b"220 a", b"250-a\r\n250 SIZE 100", b""], False, "服务器上限 0.0 MB"),
        ([b"220 a", b"250-a\r\n250 SIZE 0", b"552 5.3.4 too big"], False, "被拒绝：552 5.3.4 too big"),
    ],
    ids=range(6),
)
def test_whether_it_may_have_arrived_is_told(
    trusted: ssl.SSLContext, answers: list[bytes], lost: bool, told: str
) -> None:
    """Given a server that hangs up, before the letter has gone over or after, when it is mailed, then only in the one
    case nobody knows what became of it."""

    def talk(connection: socket) -> None:
        for answer in answers:
            if not answer:
                return
            connection.sendall(answer + b"\r\n")
            got = connection.recv(65536)
            while answer.startswith(b"354") and not got.endswith(b"\r\n.\r\n"):
                got = got[-5:] + connection.recv(65536)

    with talker(talk) as port:
        receipt = sent(port, trusted)
    assert receipt.lost is lost
    assert told in receipt.answer
    assert receipt.ok is told.startswith("250")
    assert receipt.queue_id == ("1abc-0001" if receipt.ok else "")


def test_a_server_that_never_answers_is_not_waited_for(trusted: ssl.SSLContext) -> None:
    """Given a server that is silent after the letter's last byte, when time is up, then the letter may have arrived."""

    def talk(connection: socket) -> None:
        for answer in (b"220 a", b"250 a", b"250 a", b"250 a", b"250 a", b"354 go on"):
            connection.sendall(answer + b"\r\n")
            connection.recv(65536)
        while connection.recv(65536):
            pass

    with talker(talk) as port:
        receipt = sent(port, trusted, timeout=1.5)
    assert (receipt.ok, receipt.lost) == (False, True)
    assert "1.5 秒内没有完成" in receipt.answer


def test_the_same_letter_is_the_same_when_it_is_sent_again(sink: SmtpSink, trusted: ssl.SSLContext) -> None:
    for _ in range(2):
        sent(sink.port, trusted)
    first, again = (got.message["Message-ID"] for got in sink.received)
    assert first == again


@pytest.mark.parametrize(
    ("answer", "queue"),
    [
        ("250 2.0.0 Ok: queued as 4F9A1", "4F9A1"),
        ("250 OK id=1tFabc-000123-Xy", "1tFabc-000123-Xy"),
        ("250 2.6.0 <a@b> [InternalId=8821, Hostname=x] Queued mail for delivery", "8821"),
        ("250 ok", ""),
    ],
)
def test_the_queues_number_is_found(answer: str, queue: str) -> None:
    assert MailReceipt(True, False, answer, "<x@y>", 0).queue_id == queue
