"""HTTP answers as servers give them, good and bad, byte by byte."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from checks.finding import Reason
from checks.host_check import NotTaken
from checks.safe_probe import KeyExchange, OnHost, Request, Response, Say
from tasks.asking import Way, asked, said
from tasks.ssh import Login, Network

Serve = Callable[..., int]
WITHIN = 20.0  # seconds


@pytest.fixture
def way() -> Iterator[Way]:
    with Network([], [], lambda _: Login()) as network:
        yield Way(network)


@pytest.fixture
def answering(tcp: Callable[[Callable[[socket.socket], None]], int]) -> Serve:
    """Something that reads a request and says this."""

    def start(*parts: bytes, pause: float = 0.0) -> int:
        def serve(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.recv(65536)
                for part in parts:
                    connection.sendall(part)
                    time.sleep(pause)

        return tcp(serve)

    return start


def got(port: int, way: Way, method: str = "GET", read: int = 64 * 1024) -> Response:
    reply = asked(Request(method, "http", "127.0.0.1", port, "/", read), way, WITHIN)  # type: ignore[arg-type]
    assert isinstance(reply, Response)
    return reply


def missed(port: int, way: Way, within: float = WITHIN, scheme: str = "http") -> Reason:
    with pytest.raises(NotTaken) as error:
        asked(Request("GET", scheme, "127.0.0.1", port, "/"), way, within)  # type: ignore[arg-type]
    return error.value.reason


def test_an_answer(answering: Serve, way: Way) -> None:
    """Headers in their order, each by itself; cookies and addresses without what is nobody's business."""
    port = answering(
        b"HTTP/1.1 302 Found\r\nSet-Cookie: A=secret; Path=/\r\nSet-Cookie: B=secret\r\n"
        b"Location: /login?ticket=secret\r\nContent-Length: 2\r\n\r\nok"
    )
    reply = got(port, way)
    assert (reply.status, reply.body, reply.tls) == (302, "ok", False)
    assert reply.headers == (
        ("set-cookie", "A=…; Path=/"), ("set-cookie", "B=…"), ("location", "/login"), ("content-length", "2"),
    )  # fmt: skip


def test_no_more_is_read_than_was_asked_for(answering: Serve, way: Way) -> None:
    port = answering(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 500_000)
    assert got(port, way, read=1000).body == "x" * 1000
    large = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", b"y" * 500_000)
    assert len(got(large, way).body) == 64 * 1024


def test_head_and_options_read_no_body(answering: Serve, way: Way) -> None:
    port = answering(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 9\r\n\r\nJAVA PROF")
    for method in ("HEAD", "OPTIONS"):
        assert got(port, way, method).body == ""


def test_chinese_in_both_encodings(answering: Serve, way: Way) -> None:
    for encoding in ("utf-8", "gb18030"):
        port = answering(b"HTTP/1.1 200 OK\r\n\r\n", "未登录".encode(encoding))
        assert got(port, way).body == "未登录"
    cut = answering(b"HTTP/1.1 200 OK\r\n\r\n", "未登录".encode()[:-1])
    assert got(cut, way).body == "未登"


def test_chunks_and_what_comes_before(answering: Serve, way: Way) -> None:
    port = answering(
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"2\r\nok\r\n0\r\n\r\n",
    )
    assert got(port, way).body == "ok"


def test_closed_without_a_word(answering: Serve, way: Way) -> None:
    assert got(answering(), way) == Response(status=0)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", Reason.INCOMPLETE),
        (b"HTTP/1.1 200 OK\r\nServer: half", Reason.INCOMPLETE),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Reason.INCOMPLETE),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b", Reason.UNSUPPORTED),
    ],
)
def test_what_is_no_whole_answer(said: bytes, reason: Reason, answering: Serve, way: Way) -> None:
    assert missed(answering(said), way) is reason


def test_drops_do_not_stretch_the_deadline(answering: Serve, way: Way) -> None:
    port = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", *[b"x"] * 40, pause=0.1)
    assert missed(port, way, within=0.5) is Reason.TIMEOUT


def test_tls_where_there_is_none(answering: Serve, way: Way) -> None:
    assert missed(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"), way, scheme="https") is Reason.UNSUPPORTED


def test_a_name_that_is_none(way: Way) -> None:
    with pytest.raises(NotTaken) as error:
        asked(Say("no-such-host.invalid", 6379, "redis-ping"), way, WITHIN)
    assert (error.value.reason, "解析不出" in error.value.what) == (Reason.UNREACHABLE, True)


def test_what_is_not_for_the_network(way: Way) -> None:
    with pytest.raises(TypeError):
        asked(OnHost("true"), way, WITHIN)


@pytest.mark.parametrize(
    "said", [b"", b"SSH-2.0-x\r\n", b"SSH-2.0-x\r\n\0\0\0\x20\x04", b"SSH-2.0-x\r\n\xff\xff\xff\xff\0"]
)
def test_ssh_that_breaks_off(said: bytes, answering: Serve, way: Way) -> None:
    with pytest.raises(NotTaken) as error:
        asked(KeyExchange("127.0.0.1", answering(said)), way, WITHIN)
    assert error.value.reason is Reason.INCOMPLETE


def test_questions_in_words() -> None:
    assert said(Request("HEAD", "https", "oa.example", 8443, "/actuator/heapdump")) == (
        "HEAD https://oa.example:8443/actuator/heapdump"
    )
    assert said(OnHost("cat   /etc/hosts", ("x",))) == "cat /etc/hosts x"
