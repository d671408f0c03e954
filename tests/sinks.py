"""A fake of the vendors' services, which cannot run here: their robots as their documents say, and a mail server.

Both listen on loopback, on ports of their own, while they are entered; `received` is what they accepted.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import SHUT_RDWR, create_server, socket
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


def tls_server(certificate: Path) -> ssl.SSLContext:
    """For a certificate NAME.pem with its NAME.key beside it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    return context


class Mail(NamedTuple):
    """A mail that was accepted. `account`: who had logged in; `secure`: it came in TLS."""

    sender: str
    to: list[str]
    message: EmailMessage
    account: str
    secure: bool

    @property
    def text(self) -> str:
        """The body, with lines as Python has them."""
        return str(self.message.get_content()).replace("\r\n", "\n")


class SmtpSink:
    """A real SMTP server.

    Args:
        security: none, starttls or ssl; the last two need a `certificate`.
        accounts: passwords by account.
        mechanisms: the ways to log in that it does not offer.
    """

    def __init__(
        self,
        security: str = "none",
        certificate: Path | None = None,
        accounts: dict[str, str] | None = None,
        without: tuple[str, ...] = (),
    ) -> None:
        self.security, self.accounts, self.without = security, accounts or {}, without
        self.received: list[Mail] = []
        self.logins: list[str] = []  # the mechanisms that were tried
        self.greetings: list[str] = []  # what was said with EHLO
        self.refused: dict[str, str] = {}  # the answer to RCPT, by address
        self.limit = 32 * 2**20  # bytes of a mail, as it says with SIZE
        self.answer = "250 2.0.0 Ok: queued as 4F9A"  # to DATA; with any other code nothing is received
        self._context = tls_server(certificate) if certificate else None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    def __enter__(self) -> Self:
        implicit = self._context if self.security == "ssl" else None
        served = self._loop.run_until_complete(self._loop.create_server(self._session, "127.0.0.1", 0, ssl=implicit))
        self.port = served.sockets[0].getsockname()[1]
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def _session(self) -> SMTP:
        return SMTP(
            self, hostname="mail.example.cn", loop=self._loop, authenticator=self._authenticate,
            tls_context=self._context if self.security == "starttls" else None,
            data_size_limit=self.limit, auth_require_tls=self.security != "ssl", auth_exclude_mechanism=self.without,
        )  # fmt: skip

    def _authenticate(self, server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.logins.append(mechanism)
        assert isinstance(data, LoginPassword)
        account, password = data.login.decode(), data.password.decode()
        return AuthResult(success=self.accounts.get(account) == password, auth_data=account, handled=False)

    async def handle_EHLO(self, server: SMTP, session: Any, envelope: Any, name: str, replies: list[str]) -> list[str]:  # noqa: N802
        self.greetings.append(name)
        session.host_name = name
        return replies

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        if address not in self.refused:
            envelope.rcpt_tos.append(address)
        return self.refused.get(address, "250 2.1.5 Ok")

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            message = message_from_bytes(envelope.content, policy=default)
            assert isinstance(message, EmailMessage)
            secure = session.ssl is not None or self.security == "ssl"
            account = session.auth_data or ""
            self.received.append(Mail(envelope.mail_from, envelope.rcpt_tos, message, account, secure))
        return self.answer


class Post(NamedTuple):
    """A request, as it came. `query` and `token` are decoded; header names are in lower case."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes
    body: Any


class Answer(NamedTuple):
    """What is answered; a refusal is no success, whatever the status."""

    status: int
    body: bytes
    accepted: bool = False
    headers: tuple[tuple[str, str], ...] = ()


def said(accepted: bool = False, status: int = 200, **body: Any) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(body).encode(), accepted, (("Content-Type", "application/json"),))


class WebhookSink:
    """The three robots and a service of the operator's own, told apart by the path.

    What the robots know is in `wecom` (keys), `dingtalk` and `feishu` (the secret for signing by token, or None);
    `authorization` is what the service asks for. Whatever is in `next` is answered first, one by one, to anybody.
    """

    WECOM, DINGTALK, FEISHU, SERVICE = "/cgi-bin/webhook/send", "/robot/send", "/open-apis/bot/v2/hook", "/notices"

    def __init__(self, certificate: Path | None = None) -> None:
        self.received: list[Post] = []
        self.asked: list[Post] = []
        self.next: list[Answer] = []
        self.wecom: set[str] = set()
        self.dingtalk: dict[str, str | None] = {}
        self.feishu: dict[str, str | None] = {}
        self.authorization: str | None = None
        self.per_minute = 20  # WeCom's limit
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        if certificate:
            self._server.socket = tls_server(certificate).wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def judge(self, post: Post) -> Answer:
        """Answer as whoever is addressed would."""
        if post.path == self.WECOM:
            return self._as_wecom(post)
        if post.path == self.DINGTALK:
            return self._as_dingtalk(post)
        if post.path.startswith(self.FEISHU + "/"):
            return self._as_feishu(post, unquote(post.path.removeprefix(self.FEISHU + "/")))
        if self.authorization not in (None, post.headers.get("authorization")):
            return Answer(401, b"who are you?")
        return Answer(204, b"", accepted=True)

    def _as_wecom(self, post: Post) -> Answer:
        hint = "hint: [1760000000], from ip: 127.0.0.1"
        if post.query.get("key") not in self.wecom:
            return said(errcode=93000, errmsg=f"invalid webhook url, {hint}")
        if post.body.get("msgtype") != "text":
            return said(errcode=40008, errmsg=f"invalid message type, {hint}")
        if len(post.body["text"]["content"].encode()) > 2048:
            return said(errcode=40058, errmsg=f"text.content exceed max length 2048. {hint}")
        if b"\\u" in post.raw:
            return said(errcode=40033, errmsg=f"invalid charset, {hint}")
        if sum(one.path == self.WECOM for one in self.received) >= self.per_minute:
            return said(errcode=45009, errmsg=f"api freq out of limit, {hint}")
        return said(accepted=True, errcode=0, errmsg="ok")

    def _as_dingtalk(self, post: Post) -> Answer:
        token = post.query.get("access_token", "")
        if token not in self.dingtalk:
            return said(errcode=300005, errmsg="token is not exist")
        secret = self.dingtalk[token]
        if secret is not None:
            stamp = post.query.get("timestamp", "0")
            digest = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
            fresh = abs(int(stamp) / 1000 - time.time()) < 3600
            if not fresh or post.query.get("sign") != base64.b64encode(digest).decode():
                return said(errcode=310000, errmsg="sign not match, more: [https://ding-doc.dingtalk.com]")
        if len(post.raw) > 20_000:
            return said(errcode=460101, errmsg="message too long, exceed 20000 bytes")
        return said(accepted=True, errcode=0, errmsg="ok")

    def _as_feishu(self, post: Post, token: str) -> Answer:
        if token not in self.feishu:
            return said(code=19001, data={}, msg="param invalid: incoming webhook access token invalid")
        secret = self.feishu[token]
        if secret is not None:
            stamp = post.body.get("timestamp", "0")
            digest = hmac.new(f"{stamp}\n{secret}".encode(), digestmod=hashlib.sha256).digest()
            fresh = abs(int(stamp) - time.time()) < 3600
            if not fresh or post.body.get("sign") != base64.b64encode(digest).decode():
                why = "sign match fail or timestamp is not within one hour from current time"
                return said(code=19021, data={}, msg=why)
        if len(post.raw) > 20 * 1024 or post.body.get("msg_type") != "text":
            return said(code=9499, data={}, msg="Bad Request")
        return said(accepted=True, StatusCode=0, StatusMessage="success", code=0, data={}, msg="success")


def _handler(sink: WebhookSink) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            url = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            post = Post(url.path, dict(parse_qsl(url.query)), headers, raw, json.loads(raw))
            sink.asked.append(post)
            answer = sink.next.pop(0) if sink.next else sink.judge(post)
            if answer.accepted:
                sink.received.append(post)
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", f"{len(answer.body)}")
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: Any) -> None:
            """Say nothing on standard error."""

    return Handler


@contextmanager
def talker(talk: Callable[[socket], None], host: str = "127.0.0.1") -> Iterator[int]:
    """A port where each connection is given to `talk`, which may do what no server should, until it is hung up on."""
    connections: list[socket] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection = listening.accept()[0]
                connections.append(connection)
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    def one(connection: socket) -> None:
        with suppress(OSError), connection:
            talk(connection)

    with create_server((host, 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        for open_one in (listening, *connections):
            with suppress(OSError):
                open_one.shutdown(SHUT_RDWR)
