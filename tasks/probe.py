"""Asks a system whether it answers as it should: one GET, with one deadline over all of it.

What makes a system UP: a 2xx at the end of its redirects, and in it the text that the contract names, if any; all of it
before the deadline, or its first MiB, where the text has to be. A system that delivers as much does answer, and to read
hundreds of MB each minute would burden it. Without a text, an error page with 200 is UP too.

A fault of this machine (no network, no resolver, no file handles) is told from a fault of the system: BLIND, not DOWN.
A name with several addresses is UP if any of them answers, each next one tried a quarter of a second after the one
before, IPv6 first; it is BLIND only if this machine could try none of them.
"""

import asyncio
import errno
import logging
import socket
import ssl
import time
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from datetime import UTC, datetime
from enum import IntEnum
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx

from checks.availability import Sight
from checks.contract import System
from checks.probe import Reading
from checks.secrecy import Redactor

log = logging.getLogger("xunjian")

_WITNESS = 3.0  # seconds
_LATE = 1.0  # seconds after which the deadline is noticed only where this machine stood still
_LARGEST = 1 << 20  # bytes of an answer that are read
_REDIRECTS = 20  # as browsers follow
_RESOLVING = 32  # threads
# Compressed nowhere: what is read stays as small as it came.
_HEADERS = {"User-Agent": "xunjian-probe", "Cache-Control": "no-cache", "Accept-Encoding": "identity"}
# A Chinese page is in one of them, and says in which one in many ways, or wrongly. GB 18030 has all of GBK and GB 2312.
_ENCODINGS = ("utf-8", "gb18030")
_COMPRESSED = {"gzip", "x-gzip", "deflate"}

# What the kernel says of this machine and not of the other.
_OURS = {
    errno.ENETUNREACH: "没有路由", errno.ENETDOWN: "网络已关闭", errno.EADDRNOTAVAIL: "没有可用的地址或端口",
    errno.EAFNOSUPPORT: "没有启用 IPv6", errno.EPERM: "被本机防火墙拦下", errno.EACCES: "被本机防火墙拦下",
    errno.EMFILE: "文件句柄已用完", errno.ENFILE: "文件句柄已用完", errno.ENOBUFS: "内存不足", errno.ENOMEM: "内存不足",
}  # fmt: skip
_THEIRS = {
    errno.ECONNREFUSED: "拒绝连接", errno.ECONNRESET: "连接被切断",
    errno.EHOSTUNREACH: "主机无法到达", errno.ETIMEDOUT: "连接超时",
}  # fmt: skip
_HEARD = {errno.ECONNREFUSED, errno.ECONNRESET}
# OpenSSL's X509_V_ERR_*
_UNTRUSTED = {
    7: "不是所写的颁发机构签的", 9: "还没有生效", 10: "已经过期", 18: "是自签名的", 19: "根证书不受信任",
    20: "颁发机构不受信任，或缺少中间证书", 21: "颁发机构不受信任，或缺少中间证书", 26: "不是服务器证书",
    62: "不是发给这个域名的", 64: "不是发给这个地址的", 66: "密钥太短", 67: "颁发机构的密钥太短", 68: "签名算法太弱",
}  # fmt: skip
_UNSHAKEN = {
    "WRONG_VERSION_NUMBER": "对方说的不是 TLS",
    "RECORD_LAYER_FAILURE": "对方说的不是 TLS",
    "UNSUPPORTED_PROTOCOL": "对方只支持过时的 TLS 版本",
    "TLSV1_ALERT_PROTOCOL_VERSION": "对方只支持过时的 TLS 版本",
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED": "对方的 TLS 没有修补重新协商的漏洞",
    "DH_KEY_TOO_SMALL": "对方的密钥太短",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "没有双方都支持的算法，或要客户端证书",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "要客户端证书",
}
_CLEAN = Redactor()
_WORLD = (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError, OverflowError)
"""What the world does. The last two are a host and a port that are none, in an address to which we are sent."""


class Answer(NamedTuple):
    """One attempt. `fault` is "" where all was well; `heard`: something answered, well or not."""

    sight: Sight
    fault: str
    heard: bool = False


class Prober:
    """Probes systems; used within one event loop.

    Args:
        trusted: the certification authorities, from `tasks.crypto.tls.trusting`.
        witnesses: "host:port" of what should always answer; where it is silent too, this machine has no network.
    """

    def __init__(self, trusted: ssl.SSLContext, witnesses: Sequence[str] = ()) -> None:
        self._witnesses = witnesses
        self._trusted = trusted
        # For systems whose self-signed certificate the contract accepts. Any other is accepted as well: the page
        # inspection judges certificates.
        self._anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._anybody.check_hostname, self._anybody.verify_mode = False, ssl.CERT_NONE
        self._anybody.minimum_version = trusted.minimum_version
        # The system's resolver cannot be interrupted: one that is silent must not hold up the loop's other threads.
        self._resolvers = ThreadPoolExecutor(_RESOLVING, "resolve")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    async def look(self, system: System) -> Reading:
        """Probe once, and once more if that failed; never raises for what the world does."""
        at, began, slept = datetime.now(UTC), time.monotonic(), _asleep()
        answer = await self._ask(system)
        if answer.sight is not Sight.UP:
            await asyncio.sleep(system.probe.pause)
            began = time.monotonic()
            answer = await self._ask(system)
        ms = round((time.monotonic() - began) * 1000)
        if answer.sight is Sight.DOWN and not answer.heard and not await self._any_witness():
            answer = Answer(Sight.BLIND, f"本机断网：佐证也都连不上（{answer.fault}）")
        if _asleep() - slept > 1:
            answer = Answer(Sight.BLIND, "探测期间本机休眠过")
        return Reading(at.replace(microsecond=0), answer.sight, ms, _CLEAN.clean_own(answer.fault))

    async def _ask(self, system: System) -> Answer:
        limit, way, began = system.probe.timeout, _Way(), time.monotonic()
        try:
            async with asyncio.timeout(limit):
                return way.ends(*await self._follow(system, way))
        except TimeoutError:
            if time.monotonic() - began > limit + _LATE:
                return way.ends(Sight.BLIND, "探测期间本机停顿过")
            return way.late(limit)
        except Exception as error:  # one system's must not end the others' probes
            if any(isinstance(cause, _WORLD) for cause in _causes(error)):
                return way.failed(error)
            log.exception("%s 探测程序出错", system.name)
            return way.ends(Sight.BLIND, f"探测程序出错：{type(error).__name__}")

    async def _follow(self, system: System, way: "_Way") -> tuple[Sight, str]:
        """Ask, and go where the system sends us."""
        url = httpx.URL(str(system.probe.url or system.url))
        # A client each time: a system that accepts no new connection is down, whatever an old one still says, and no
        # cookie of one probe is sent with the next. What costs time to make is the contexts.
        async with httpx.AsyncClient(
            verify=self._anybody if system.certificate.allow_self_signed else self._trusted,
            auth=(url.username, url.password) if url.userinfo else None,  # httpx logs addresses
            trust_env=False, timeout=httpx.Timeout(None), headers=_HEADERS,
        ) as client:  # fmt: skip
            request = client.build_request("GET", url.copy_with(userinfo=b""), extensions={"trace": way.traced})
            for _ in range(1 + _REDIRECTS):
                way.goes_to(request.url)
                await self._resolve(way)
                try:
                    response = await client.send(request, stream=True)
                    async with aclosing(response):
                        if response.next_request is None:
                            return await _judge(response, system.probe.text)
                    request = response.next_request
                finally:
                    await way.hang_up()
        return Sight.DOWN, f"跳转了 {_REDIRECTS} 次，还没有到达页面"

    async def _resolve(self, way: "_Way") -> None:
        """httpx resolves once more as it connects, but a silent resolver would look like a silent system there."""
        host = way.url.raw_host.decode("ascii")
        await asyncio.get_running_loop().run_in_executor(self._resolvers, _resolved, host)
        way.stage = _Stage.CONNECTING

    async def _any_witness(self) -> bool:
        """Whether the network is there, as far as can be told."""
        heard = await asyncio.gather(*map(_answers, self._witnesses))
        return any(heard) or not heard


class _Stage(IntEnum):
    RESOLVING = 0
    CONNECTING = 1
    WAITING = 2  # for the head of an answer, and before that for TLS
    READING = 3


class _Way:
    """How far one attempt has come: by that what stopped it is told in words."""

    def __init__(self) -> None:
        self.stage, self.status, self.url, self._first = _Stage.RESOLVING, 0, httpx.URL(), b""
        self._line: Any = None

    def goes_to(self, url: httpx.URL) -> None:
        """The next request, the first one or after a redirect."""
        self.stage, self.url, self._first = _Stage.RESOLVING, url, self._first or url.netloc

    async def traced(self, event: str, info: dict[str, Any]) -> None:
        """What httpcore tells."""
        if event == "connection.connect_tcp.complete":
            self.stage, self._line = _Stage.WAITING, info["return_value"]
        elif event == "http11.receive_response_headers.complete":
            self.stage, self.status = _Stage.READING, info["return_value"][1]

    async def hang_up(self) -> None:
        """httpcore leaves a connection open where the deadline comes during its TLS handshake."""
        if self._line:
            await self._line.aclose()

    def ends(self, sight: Sight, fault: str = "", heard: bool = False) -> Answer:
        """What is said of the attempt."""
        if fault and self.url.netloc != self._first:
            fault += f"（跳转到 {self.url.netloc.decode()} 之后）"
        return Answer(sight, fault, heard or self.stage >= _Stage.WAITING or self.status > 0)

    def late(self, limit: float) -> Answer:
        """The deadline is over."""
        if self.stage is _Stage.RESOLVING:
            return self.ends(Sight.BLIND, f"本机域名解析不可用：{limit:g} 秒没有结果")
        if self.stage is _Stage.CONNECTING:
            return self.ends(Sight.DOWN, f"{limit:g} 秒内没有连上")
        if self.stage is _Stage.WAITING:
            return self.ends(Sight.DOWN, f"连上了，但 {limit:g} 秒内没有回答")
        return self.ends(Sight.DOWN, f"回答了 {self.status}，但 {limit:g} 秒内没有答完")

    def failed(self, error: BaseException) -> Answer:
        """Say why, from the errors under httpx's and anyio's own."""
        causes = [*_causes(error)]
        for cause in causes:
            if isinstance(cause, ssl.SSLCertVerificationError):
                why = _UNTRUSTED.get(cause.verify_code, cause.verify_message)
                return self.ends(Sight.DOWN, f"证书不可信：{why}")
            if isinstance(cause, ssl.SSLError):
                # what Python has no name for stands in the message alone: "[SSL] legacy sigalg … (_ssl.c:992)"
                reason = cause.reason or str(cause).partition("] ")[2].partition(" (_ssl")[0]
                why = _UNSHAKEN.get(reason, reason or "原因不明")
                return self.ends(Sight.DOWN, f"TLS 握手失败：{why}")
            if isinstance(cause, socket.gaierror):
                theirs = cause.errno in (socket.EAI_NONAME, socket.EAI_NODATA)
                words = "域名解析不到地址" if theirs else "本机域名解析不可用"
                return self.ends(Sight.DOWN if theirs else Sight.BLIND, words)
        # Of several addresses one that this machine could try decides: many machines have no IPv6 at all.
        numbers = {cause.errno for cause in causes if isinstance(cause, OSError) and cause.errno}
        if self.stage is not _Stage.RESOLVING:
            for number, words in _THEIRS.items():
                if number in numbers:
                    return self.ends(Sight.DOWN, self._so_far(error, words), number in _HEARD)
        for number, words in _OURS.items():
            if number in numbers:
                return self.ends(Sight.BLIND, f"本机网络不可用：{words}")
        if numbers and self.stage is _Stage.RESOLVING:
            return self.ends(Sight.BLIND, "本机域名解析不可用")
        return self.ends(Sight.DOWN, self._so_far(error))

    def _so_far(self, error: BaseException, why: str = "") -> str:
        if self.stage is _Stage.READING:
            lacking = "没有可用的跳转地址" if 300 <= self.status < 400 else "没有收全"
            return f"回答了 {self.status}，但{lacking}{why and '：'}{why}"
        if why:
            return why
        if isinstance(error, httpx.UnsupportedProtocol):
            return "跳转的地址不是网址"
        if self.stage is _Stage.WAITING:
            silent = not isinstance(error, httpx.RemoteProtocolError) or "disconnected" in str(error)
            return "没有按 HTTP 回答就断开了连接" if silent else "回答的不是 HTTP"
        return "没有连上"


async def _judge(response: httpx.Response, text: str) -> tuple[Sight, str]:
    """Read no more than it takes."""
    status = response.status_code
    if not response.is_success:
        return Sight.DOWN, f"回答 {status}，应为 2xx"
    raw = bytearray()
    async for block in response.aiter_raw():
        raw += block
        if len(raw) >= _LARGEST:
            break
        await asyncio.sleep(0)  # thousands of tiny chunks come as one packet: they must not hold up the others
    if not text:
        return Sight.UP, ""
    body = bytes(raw[:_LARGEST])
    if packed := response.headers.get("Content-Encoding", "identity").lower().replace("identity", ""):
        if packed not in _COMPRESSED:
            return Sight.BLIND, f"回答 {status}，但内容的压缩方式探测读不懂：{packed}"
        try:
            body = zlib.decompressobj(32 + zlib.MAX_WBITS).decompress(body, _LARGEST)
        except zlib.error:
            return Sight.DOWN, f"回答 {status}，但内容不是所说的 {packed} 压缩"
    if any(text in body.decode(encoding, "replace") for encoding in _ENCODINGS):
        return Sight.UP, ""
    within = "前 1 MiB 里" if len(body) == _LARGEST else ""
    return Sight.DOWN, f"回答 {status}，但{within}没有“{text}”"


def _resolved(host: str) -> None:
    try:
        socket.getaddrinfo(host, None)
    except socket.gaierror as error:
        failed = error
    else:
        return
    socket.socket().close()  # where no file handle is left, the resolver says that there is no such name
    raise failed


async def _answers(witness: str) -> bool:
    host, _, port = witness.rpartition(":")
    try:
        async with asyncio.timeout(_WITNESS):
            _, writer = await asyncio.open_connection(host, int(port))
    except (OSError, OverflowError) as error:
        # Of several addresses the errors come as one text.
        return f"[Errno {errno.ECONNREFUSED}]" in str(error)
    writer.close()
    return True


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The deepest first; several addresses of a name come as a group."""
    if deeper := error.__cause__ or error.__context__:
        yield from _causes(deeper)
    for one in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        yield from _causes(one)
    yield error


def _asleep() -> float:
    """Seconds for which this machine has been suspended since it started."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
