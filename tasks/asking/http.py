"""HTTP/1.1: one request without body, cookie or login, and what comes back; h11 reads it.

The certificate is not verified: a probe tells what a server shows to anybody, and sends nothing that is worth keeping
secret. Whose server it is, is for whoever runs the probe to verify beforehand.
"""

import codecs
import re
from functools import cache
from typing import Any

import h11

from checks.finding import Reason
from checks.host_check import NotTaken
from checks.safe_probe import Request, Response
from tasks.asking.way import Line, Way
from tasks.crypto.tls import looking
from tasks.ssh import Deadline

_AT_ONCE = 16 * 1024  # bytes
_USUAL = {"http": 80, "https": 443}


@cache
def _context() -> Any:
    return looking()


def responded(question: Request, way: Way, patience: Deadline) -> Response:
    """Send the request and read the answer; redirects are not followed.

    Raises:
        NotTaken: it does not speak HTTP (or TLS), or broke off.
        ConnectionRefusedError: as `Way.connect`.
        TimeoutError: as `Way.connect`, or no whole answer in time.
    """
    talk = h11.Connection(h11.CLIENT)
    with Line(way.connect(question.name, question.port, patience), patience) as line:
        if question.scheme == "https":
            line.secure(_context(), question.name)
        request = h11.Request(method=question.method, target=question.path, headers=_headers(question))
        line.send((talk.send(request) or b"") + (talk.send(h11.EndOfMessage()) or b""))
        try:
            return _read(question, talk, line)
        except h11.RemoteProtocolError as error:
            raise NotTaken(Reason.INCOMPLETE, "对方的回答不是完整的 HTTP") from error


def _headers(question: Request) -> list[tuple[str, str]]:
    host = f"[{question.name}]" if ":" in question.name else question.name
    return [
        ("Host", host if question.port == _USUAL[question.scheme] else f"{host}:{question.port}"),
        ("User-Agent", "xunjian-probe"),
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ]


def _read(question: Request, talk: h11.Connection, line: Line) -> Response:
    head, body, came = None, b"", False
    while len(body) < question.read:
        event = talk.next_event()
        if event is h11.NEED_DATA:
            data = line.read(_AT_ONCE)
            if not data and not came:
                return Response(status=0)
            came = True
            talk.receive_data(data)
        elif isinstance(event, h11.Response):
            head = event
            if question.method != "GET":
                break
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
            break
    if head is None:
        raise NotTaken(Reason.INCOMPLETE, "对方没有把回答说完")
    headers = tuple((name.decode("latin-1"), _plain(name, value.decode("latin-1"))) for name, value in head.headers)
    if any(name == "content-encoding" and value.lower() != "identity" for name, value in headers) and body:
        raise NotTaken(Reason.UNSUPPORTED, "对方压缩了回答，尽管没有请求压缩")
    return Response(
        status=head.status_code, headers=headers, body=_text(body[: question.read]), tls=question.scheme == "https"
    )


def _plain(name: bytes, value: str) -> str:
    """What is kept of a header: no session, and where we are sent to without what is handed along."""
    if name == b"set-cookie":
        return re.sub(r"^([^=;]*)=[^;]*", r"\1=…", value)
    return re.split(r"[?;#]", value)[0] if name == b"location" else value


def _text(body: bytes) -> str:
    """A Chinese page is in one of two encodings; its end may have been cut through a character."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return body.decode("gb18030", "replace")
