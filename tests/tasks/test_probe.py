"""What servers on loopback answer, good and bad, and what the probe makes of it."""

from itertools import repeat
from socket import socket

import pytest
from probe_desk import CHUNKED, GOOD, MIB, PLAIN, QUICK, TEXT, asked, in_turn, look, page, saying, site, unused

from checks.availability import Sight


def to(location: str, status: bytes = b"302 Found") -> bytes:
    return page(b"moved", b"Location: " + location.encode(), status=status)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (GOOD, TEXT),
        (GOOD, ""),
        (page(b"", status=b"204 No Content"), ""),
        (page(b"x", status=b"299 Odd"), ""),
        (PLAIN + b"\r\n" + TEXT.encode(), TEXT),  # until the connection ends
        (CHUNKED + b"3\r\nabc\r\n0\r\n\r\n", "abc"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + GOOD, TEXT),
    ],
    ids=["text", "any", "204", "299", "until-closed", "chunked", "early-hints"],
)
def test_a_good_answer(said: bytes, text: str) -> None:
    with site(saying(said)) as url:
        reading = look(url, text=text)
    assert (reading.sight, reading.fault) == (Sight.UP, "")


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (page(b"", status=b"204 No Content"), f"回答 204，但没有“{TEXT}”"),
        (page(b"<h1>Fehler</h1>"), f"回答 200，但没有“{TEXT}”"),
        (page(GOOD, status=b"404 Not Found"), "回答 404，应为 2xx"),
        (page(GOOD, status=b"500 \x1b[31mBoom"), "回答 500，应为 2xx"),
        (page(b"", status=b"503"), "回答 503，应为 2xx"),
        (page(b"", status=b"304 Not Modified"), "回答 304，应为 2xx"),
        (page(b"", status=b"300 Multiple Choices"), "回答 300，应为 2xx"),
    ],
    ids=["204", "no-text", "404", "500", "503", "304", "300"],
)
def test_a_bad_answer(said: bytes, fault: str) -> None:
    with site(saying(said)) as url:
        reading = look(url, text=TEXT)
    assert (reading.sight, reading.fault) == (Sight.DOWN, fault)


def test_an_error_page_with_200_is_told_by_its_text_alone() -> None:
    with site(saying(page("<h1>系统维护中</h1>".encode()))) as url:
        assert look(url).sight is Sight.UP
        assert look(url, text=TEXT).sight is Sight.DOWN


@pytest.mark.parametrize("status", ["500", "404"])
def test_a_bad_status_needs_no_body(status: str) -> None:
    """Given an error page that never ends, when it is probed, then its status is told and not that it is slow."""
    head = f"HTTP/1.1 {status} x\r\nContent-Length: 900\r\n\r\n".encode()
    with site(saying(head, None)) as url:
        reading = look(url, **QUICK)
    assert (reading.sight, reading.fault) == (Sight.DOWN, f"回答 {status}，应为 2xx")


# Redirects


def test_it_goes_where_it_is_sent_and_brings_its_cookie() -> None:
    """Given a system that sends everybody on until they bring its cookie, when it is probed twice, then both arrive."""
    heads: list[bytes] = []

    def talk(connection: socket) -> None:
        heads.append(head := asked(connection))
        known = b"\r\nCookie: seen=1\r\n" in head
        connection.sendall(GOOD if known else page(b"", b"Location: /", b"Set-Cookie: seen=1", status=b"302 Found"))

    with site(talk) as url:
        for _ in range(2):
            assert look(url, text=TEXT).sight is Sight.UP
    # Then: no cookie of one probe is sent with the next
    assert [b"Cookie" in head for head in heads] == [False, True, False, True]


def test_a_chain_over_several_systems() -> None:
    with site(saying(GOOD)) as last, site(saying(to(last, b"307 Temporary Redirect"))) as second:
        hops = [saying(to(f"/{number}", b"301 Moved")) for number in range(8)]
        with site(in_turn(*hops, saying(to(second, b"303 See Other")))) as url:
            assert look(url, text=TEXT).sight is Sight.UP


def test_going_round_in_circles() -> None:
    with site(saying(to("/"))) as url:
        reading = look(url)
    assert (reading.sight, reading.fault) == (Sight.DOWN, "跳转了 20 次，还没有到达页面")


def test_what_is_wrong_elsewhere_says_where() -> None:
    port = unused()
    with site(saying(to(f"http://sso:Secret-1@127.0.0.1:{port}/in?ticket=Secret-2"))) as url:
        reading = look(url)
    assert (reading.sight, reading.fault) == (Sight.DOWN, f"拒绝连接（跳转到 127.0.0.1:{port} 之后）")


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://127.0.0.1:99999/", "没有连上"),
        ("http://[::1/", "没有可用的跳转地址"),
        ("ftp://127.0.0.1/", "跳转的地址不是网址"),
        ("mailto:a@example.cn", "没有可用的跳转地址"),
        ("javascript:void(0)", "没有可用的跳转地址"),
        (f"http://{'a' * 64}.invalid/", ""),
        (f"http://{'a.' * 300}invalid/", ""),
        ("http://xn--a/", ""),
        ("http://\x1b[31m/", ""),
        ("http:///", ""),
        ("http://%00/", ""),
        ("/" + "a" * 90_000, ""),
        ("/" + "a" * 200_000, "回答的不是 HTTP"),
    ],
    ids=[
        "port",
        "bracket",
        "ftp",
        "mailto",
        "script",
        "label",
        "long",
        "idna",
        "escape",
        "no-host",
        "nul",
        "path",
        "head",
    ],
)
def test_a_redirect_to_nowhere(location: str, words: str) -> None:
    with site(saying(to(location))) as url:
        reading = look(url)
    # Then: whatever it is, it is the system's fault and no crash of ours
    assert reading.sight is Sight.DOWN
    assert words in reading.fault
    assert "出错" not in reading.fault


def test_a_redirect_is_not_read() -> None:
    """Given a redirect with a page that never ends, when it is probed, then where it leads decides."""
    head = b"HTTP/1.1 302 Found\r\nLocation: /in\r\nTransfer-Encoding: chunked\r\n\r\n"
    with site(in_turn(saying(head, repeat(b"4\r\nmore\r\n")), saying(GOOD))) as url:
        assert look(url, text=TEXT).sight is Sight.UP


# Text


@pytest.mark.parametrize(
    "charset", ["", "; charset=utf-8", "; charset=GBK", "; charset=ISO-8859-1", "; charset=undefined", "; charset=hex"]
)
@pytest.mark.parametrize(
    ("encoding", "named"), [("utf-8", "UTF-8"), ("gbk", "gbk"), ("gb2312", "gb2312"), ("gb18030", "none")]
)
def test_the_text_is_found_whatever_the_header_says(charset: str, encoding: str, named: str) -> None:
    # Given: 㐀 is in GB 18030 alone, 〇 in GBK but not in GB 2312
    text = TEXT + {"gb18030": "㐀", "gbk": "〇"}.get(encoding, "")
    body = f"<html><head><meta charset={named}><title>{text}</title>".encode(encoding)
    with site(saying(page(body, f"Content-Type: text/html{charset}".encode()))) as url:
        # Then
        assert look(url, text=text).sight is Sight.UP
        assert look(url, text="统一门户").sight is Sight.DOWN


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_a_text_in_pieces(encoding: str) -> None:
    """Given each byte in a chunk and a packet of its own, when it is probed, then the text is found."""
    pieces = [part for byte in TEXT.encode(encoding) for part in (b"1\r\n%c\r\n" % byte, 0.01)]
    with site(saying(CHUNKED, *pieces, b"0\r\n\r\n")) as url:
        assert look(url, text=TEXT).sight is Sight.UP


def test_a_text_over_the_edge_of_what_is_read() -> None:
    # Given: the MiB ends within the character after the text
    body = b" " * (MIB - len(TEXT.encode()) - 1) + f"{TEXT}台".encode() + b" " * MIB
    with site(saying(page(body))) as url:
        assert look(url, text=TEXT).sight is Sight.UP


def test_a_long_text_is_cut() -> None:
    with site(saying(GOOD)) as url:
        reading = look(url, text="第一行\n\u202e" + "长" * 500)
    assert reading.fault.startswith("回答 200，但没有“第一行 长长")
    assert len(reading.fault) == 200


# What is sent


def test_what_is_asked(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    # Given: a proxy in the environment, and a password in the address
    caplog.set_level("DEBUG")
    heads: list[bytes] = []

    def talk(connection: socket) -> None:
        heads.append(asked(connection))
        connection.sendall(page(b"", status=b"500 Oops"))

    with site(talk) as url, site(lambda _: pytest.fail("the proxy was asked")) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy)
        # When
        reading = look(url.replace("//", "//who:Secret-1%21@") + "a?b=c#d")
    # Then
    assert reading.fault == "回答 500，应为 2xx"
    assert "Secret-1" not in caplog.text
    line, *rest = heads[0].decode().strip().split("\r\n")
    sent = dict(one.split(": ") for one in rest)
    assert line == "GET /a?b=c HTTP/1.1"
    assert sent["Authorization"] == "Basic d2hvOlNlY3JldC0xIQ=="
    assert sent["Accept-Encoding"] == "identity"
    assert sent["User-Agent"] == "xunjian-probe"
    assert "Cookie" not in sent
    assert len(heads) == 2
