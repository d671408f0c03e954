"""Mail, by smtplib: one message, or one file, to one server, and what it answered."""

import mimetypes
import smtplib
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from threading import Event
from typing import Any
from urllib.parse import quote

from checks.channels import Smtp
from checks.secrecy import printable
from tasks.notify.line import Line
from tasks.notify.message import Letter, Message, Verdict

_POLICY = SMTP.clone(cte_type="7bit")  # whatever the server is: not all of them take eight bits
_ACCEPTED = (250, 251)


def send(channel: Smtp, message: Message, secrets: Mapping[str, str], line: Line, trusted: ssl.SSLContext) -> Verdict:
    """Hand one message over.

    Raises:
        OSError: not a word was exchanged, or not in TLS.
        smtplib.SMTPException: it was refused, or the connection was lost.
    """
    if not _speakable(channel, secrets):
        return _UNSPEAKABLE
    with _ready(channel, secrets, line, trusted) as session:
        return _hand_over(session, channel, message)


def send_file(
    channel: Smtp, letter: Letter, secrets: Mapping[str, str], line: Line, trusted: ssl.SSLContext, handing: Event
) -> Verdict:
    """Hand a letter with its file over: to all receivers or to none.

    Args:
        handing: set when the letter itself begins to go over; from then on only an answer tells what became of it.

    Raises:
        OSError, smtplib.SMTPException: as `send`.
    """
    if not _speakable(channel, secrets):
        return _UNSPEAKABLE
    content = _letter(channel, letter).as_bytes()
    with _ready(channel, secrets, line, trusted) as session:
        limit = session.esmtp_features.get("size", "")
        if limit.isdigit() and 0 < int(limit) < len(content):
            return Verdict(False, f"没有发出：邮件 {_megabytes(len(content))}，服务器上限 {_megabytes(int(limit))}")
        code, reply = session.mail(channel.sender, [f"SIZE={len(content)}"] if session.has_extn("size") else [])
        if code != 250:
            raise smtplib.SMTPSenderRefused(code, reply, channel.sender)
        for one in letter.to:
            code, reply = session.rcpt(one)
            if code not in _ACCEPTED:
                return Verdict(False, f"没有发给任何人：收件人 {one} 被拒绝：{_said(code, reply)}")
        handing.set()
        code, reply = session.data(content)
        return Verdict(code == 250, _said(code, reply))


def message_id(channel: Smtp, identity: str) -> str:
    """The header by which a mail that was sent twice is recognised."""
    return f"<{quote(identity, safe='')}@{channel.sender.partition('@')[2]}>"


_UNSPEAKABLE = Verdict(False, "没有发出：登录账号或口令里有非 ASCII 字符，SMTP 登录不支持")


def _speakable(channel: Smtp, secrets: Mapping[str, str]) -> bool:
    return not channel.account or not channel.password or (channel.account + secrets[channel.password]).isascii()


@contextmanager
def _ready(channel: Smtp, secrets: Mapping[str, str], line: Line, trusted: ssl.SSLContext) -> Iterator[smtplib.SMTP]:
    """A session in which a mail can be handed over: in TLS and logged in, as the channel says."""
    with closing(_Session(channel, line, trusted)) as session:
        if channel.security == "starttls":
            session.starttls(context=trusted)
        session.ehlo_or_helo_if_needed()
        if channel.account and channel.password:
            _log_in(session, channel.account, secrets[channel.password])
        yield session
        with suppress(OSError):  # what was answered stands; nobody waits for a farewell
            session.putcmd("quit")


class _Session(smtplib.SMTP):
    """Smtplib's, over a connection that can be hung up from outside, in TLS from the start if the channel says so."""

    def __init__(self, channel: Smtp, line: Line, trusted: ssl.SSLContext) -> None:
        self._line = line
        self._trusted = trusted if channel.security == "ssl" else None
        # A name is given, for smtplib would ask the system's resolver for it.
        super().__init__(channel.host, channel.port, local_hostname="[127.0.0.1]", timeout=line.seconds)
        if self.sock:
            own = self.sock.getsockname()[0]
            self.local_hostname = f"[IPv6:{own}]" if ":" in own else f"[{own}]"

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Where smtplib connects; its own SMTP_SSL does the same."""
        connection = socket.create_connection((host, port), timeout)
        self._line.hold(connection)
        return self._trusted.wrap_socket(connection, server_hostname=host) if self._trusted else connection


def _log_in(session: smtplib.SMTP, account: str, password: str) -> None:
    """Try one way and no other: smtplib's `login` tries them all, and three refusals lock an account."""
    session.user, session.password = account, password
    ways: dict[str, Any] = {"PLAIN": session.auth_plain, "LOGIN": session.auth_login, "CRAM-MD5": session.auth_cram_md5}
    offered = session.esmtp_features.get("auth", "").upper().split()
    way = next((way for way in ways if way in offered), None)
    if not way:
        raise smtplib.SMTPNotSupportedError("服务器不提供能用的登录方式（PLAIN、LOGIN、CRAM-MD5）")
    session.auth(way, ways[way])


def _hand_over(session: smtplib.SMTP, channel: Smtp, message: Message) -> Verdict:
    """The transaction step by step: smtplib's `sendmail` drops the answer to DATA."""
    code, reply = session.mail(channel.sender)
    if code != 250:
        raise smtplib.SMTPSenderRefused(code, reply, channel.sender)
    replies = [session.rcpt(one) for one in channel.to]
    refused = [_said(*reply) for reply in replies if reply[0] not in _ACCEPTED]
    if len(refused) == len(replies):
        return Verdict(False, f"{len(refused)} 个收件人都被拒绝：{refused[0]}")
    code, reply = session.data(_mail(channel, message).as_bytes())
    partly = f"；{len(replies)} 个收件人中 {len(refused)} 个被拒绝：{refused[0]}" if refused else ""
    return Verdict(code == 250, _said(code, reply) + partly)


def _mail(channel: Smtp, message: Message) -> EmailMessage:
    mail = _addressed(channel, message.id, message.title, channel.to, message.at)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: so that no holiday notice answers
    mail.set_content("\n\n".join(part for part in (message.text, message.link) if part) + "\n")
    return mail


def _letter(channel: Smtp, letter: Letter) -> EmailMessage:
    name, content = letter.file
    name = " ".join(printable(name).split())
    mail = _addressed(channel, letter.id, " ".join(printable(letter.title).split()), letter.to, letter.at)
    mail.set_content(printable(letter.text).strip() + "\n")
    kind, _, part = (mimetypes.guess_type(name)[0] or "application/octet-stream").partition("/")
    mail.add_attachment(content, maintype=kind, subtype=part, filename=name)  # a Chinese name: RFC 2231
    return mail


def _addressed(channel: Smtp, identity: str, title: str, to: Sequence[str], at: datetime) -> EmailMessage:
    mail = EmailMessage(policy=_POLICY)
    mail["Message-ID"] = message_id(channel, identity)
    mail["Date"] = format_datetime(at)
    mail["From"] = channel.sender
    mail["To"] = ", ".join(to)
    mail["Subject"] = title
    return mail


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.1f} MB"


def _said(code: int, reply: bytes) -> str:
    return f"{code} {reply.decode('utf-8', 'replace')}"
