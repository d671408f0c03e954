"""Servers that are slow, break off or say too much, and what the probe makes of them."""

import gzip
import tracemalloc
import zlib
from socket import SO_LINGER, SOL_SOCKET, socket
from struct import pack

import pytest
from probe_desk import CHUNKED, MIB, PLAIN, QUICK, TEXT, Talk, asked, deaf, look, page, saying, site, unused

from checks.availability import Sight


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ((None,), "连上了，但 0.4 秒内没有回答"),
        ((b"HTTP/1.1 200 OK\r\n", *[b"X", 0.05] * 40, None), "连上了，但 0.4 秒内没有回答"),
        (
            (PLAIN + b"Content-Length: 9000\r\n\r\n" + TEXT.encode(), *[b"x", 0.05] * 40),
            "回答了 200，但 0.4 秒内没有答完",
        ),
        ((CHUNKED + b"4\r\nabcd\r\n", *[b"1\r\nx\r\n", 0.05] * 40), "回答了 200，但 0.4 秒内没有答完"),
        ((*[b"HTTP/1.1 100 Continue\r\n\r\n", 0.05] * 40,), "连上了，但 0.4 秒内没有回答"),
    ],
    ids=["silent", "head", "body", "chunks", "continue"],
)
def test_what_is_not_done_in_time(parts: tuple[bytes | float | None, ...], fault: str) -> None:
    with site(saying(*parts)) as url:
        reading = look(url, text=TEXT, **QUICK)
    assert (reading.sight, reading.fault) == (Sight.DOWN, fault)


def test_nobody_takes_the_connection() -> None:
    with deaf() as port:
        reading = look(f"http://127.0.0.1:{port}/", **QUICK)
    assert (reading.sight, reading.fault) == (Sight.DOWN, "0.4 秒内没有连上")


@pytest.mark.parametrize("head", [CHUNKED, PLAIN + b"Content-Length: 999999999999\r\n\r\n"], ids=["chunked", "length"])
@pytest.mark.parametrize(("text", "sight"), [(TEXT, Sight.UP), ("", Sight.UP), ("没有的", Sight.DOWN)])
def test_of_an_answer_that_does_not_end_a_mib_is_read(head: bytes, text: str, sight: Sight) -> None:
    # Given
    size = 65536
    block = TEXT.encode().ljust(size)
    chunk = b"%x\r\n%b\r\n" % (size, block) if head == CHUNKED else block
    sent = 0

    def endless(connection: socket) -> None:
        nonlocal sent
        asked(connection)
        connection.sendall(head)
        while True:
            connection.sendall(chunk)
            sent += size

    # When
    tracemalloc.start()
    with site(endless) as url:
        reading = look(url, text=text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Then
    assert reading.sight is sight
    assert reading.fault == ("" if sight is Sight.UP else "回答 200，但前 1 MiB 里没有“没有的”")
    assert peak < 24 * MIB
    assert sent < 40 * MIB, "twice a MiB, and what the kernel takes meanwhile"


def packed(coding: bytes, body: bytes) -> bytes:
    return page(body, b"Content-Encoding: " + coding)


@pytest.mark.parametrize(
    "body", [packed(b"gzip", gzip.compress(TEXT.encode())), packed(b"Deflate", zlib.compress(TEXT.encode()))]
)
def test_compressed_although_we_did_not_ask_for_it(body: bytes) -> None:
    with site(saying(body)) as url:
        assert look(url, text=TEXT).sight is Sight.UP


@pytest.mark.parametrize(
    ("coding", "sight", "fault"),
    [
        (b"gzip", Sight.DOWN, f"回答 200，但前 1 MiB 里没有“{TEXT}”"),
        (b"gzip, gzip", Sight.BLIND, "回答 200，但内容的压缩方式探测读不懂：gzip, gzip"),
        (b"br", Sight.BLIND, "回答 200，但内容的压缩方式探测读不懂：br"),
    ],
)
def test_a_bomb_does_not_go_off(coding: bytes, sight: Sight, fault: str) -> None:
    # Given: a MiB on the wire, a GiB within
    bomb = packed(coding, gzip.compress(gzip.compress(bytes(1 << 28), 1) * 4 if b"," in coding else bytes(1 << 28), 1))
    tracemalloc.start()
    with site(saying(bomb)) as url:
        reading = look(url, text=TEXT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (reading.sight, reading.fault) == (sight, fault)
    assert peak < 24 * MIB


def test_compressed_badly() -> None:
    with site(saying(packed(b"gzip", TEXT.encode()))) as url:
        reading = look(url, text=TEXT)
    assert (reading.sight, reading.fault) == (Sight.DOWN, "回答 200，但内容不是所说的 gzip 压缩")


def reset(connection: socket) -> None:
    connection.setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))


def resetting(*parts: bytes) -> Talk:
    def talk(connection: socket) -> None:
        saying(*parts, 0.2)(connection)
        reset(connection)

    return talk


@pytest.mark.parametrize(
    ("talk", "fault"),
    [
        (saying(PLAIN + b"Content-Length: 9000\r\n\r\n" + TEXT.encode()), "回答了 200，但没有收全"),
        (saying(CHUNKED + b"4\r\nab"), "回答了 200，但没有收全"),
        (saying(CHUNKED + b"nonsense\r\n"), "回答了 200，但没有收全"),
        (resetting(PLAIN + b"Content-Length: 9000\r\n\r\n"), "回答了 200，但没有收全：连接被切断"),
        (resetting(), "连接被切断"),
        (saying(), "没有按 HTTP 回答就断开了连接"),
        (saying(PLAIN), "没有按 HTTP 回答就断开了连接"),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), "没有按 HTTP 回答就断开了连接"),
        (saying(b"<html>hello</html>\n\n"), "回答的不是 HTTP"),
        (saying(b"\0" * 200_000), "回答的不是 HTTP"),
        (saying(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", None), "回答的不是 HTTP"),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"), "回答的不是 HTTP"),
        (saying(b"\x15\x03\x01\x00\x02\x02\x46"), "回答的不是 HTTP"),  # what TLS says to whoever does not speak it
        (lambda connection: reset(connection), "连接被切断"),
    ],
    ids=range(14),
)
def test_what_is_broken(talk: Talk, fault: str) -> None:
    with site(talk) as url:
        reading = look(url, text=TEXT)
    assert (reading.sight, reading.fault) == (Sight.DOWN, fault)


def test_more_than_it_said_it_would_be() -> None:
    with site(saying(PLAIN + b"Content-Length: 18\r\n\r\n" + TEXT.encode() + b"more")) as url:
        assert look(url, text=TEXT).sight is Sight.UP


def test_nobody_listens() -> None:
    reading = look(f"http://127.0.0.1:{unused()}/")
    assert (reading.sight, reading.fault) == (Sight.DOWN, "拒绝连接")
