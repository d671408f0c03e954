"""Asks a system whether it answers as it should: one GET, with one deadline over all of it.

A fault of this machine (no network, no resolver, no file handles) is told from a fault of the system: BLIND, not DOWN.
"""

import asyncio
import errno
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import NamedTuple, Self

import httpx

from checks.availability import Sight
from checks.contract import System
from checks.probe import Reading

_WITNESS = 3.0  # seconds
_LARGEST = 1 << 20  # bytes in which the text is looked for
_AGENT = "xunjian-probe"

# What the kernel says of this machine and not of the other: no route out, no address, no handles, no memory.
_OURS = {
    errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM,
}  # fmt: skip
_REFUSED = {errno.ECONNREFUSED: "拒绝连接", errno.ECONNRESET: "连接被切断", errno.EHOSTUNREACH: "主机无法到达"}


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
        self._trusted = self._client(trusted)
        unverified = ssl.create_default_context()
        unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
        # For systems whose self-signed certificate the contract accepts: nothing secret is sent, and none is read.
        self._anybody = self._client(unverified)

    @staticmethod
    def _client(context: ssl.SSLContext) -> httpx.AsyncClient:
        # A new connection each time: a system that no longer accepts any is down, whatever an old one still says.
        limits = httpx.Limits(max_keepalive_connections=0)
        return httpx.AsyncClient(
            verify=context, trust_env=False, follow_redirects=True, max_redirects=5, limits=limits,
            timeout=httpx.Timeout(None), headers={"User-Agent": _AGENT, "Cache-Control": "no-cache"},
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._trusted.aclose()
        await self._anybody.aclose()

    async def look(self, system: System) -> Reading:
        """Probe once, and once more if that failed; never raises for what the world does."""
        at, began, slept = datetime.now(UTC), time.monotonic(), _asleep()
        answer = await self._ask(system)
        if answer.sight is Sight.DOWN:
            await asyncio.sleep(system.probe.pause)
            began = time.monotonic()
            answer = await self._ask(system)
        if answer.sight is Sight.DOWN and not answer.heard and not await self._any_witness():
            answer = Answer(Sight.BLIND, f"本机断网：佐证也都连不上（{answer.fault}）")
        if _asleep() - slept > 1:
            answer = Answer(Sight.BLIND, "探测期间本机休眠过")
        ms = round((time.monotonic() - began) * 1000)
        return Reading(at.replace(microsecond=0), answer.sight, ms, answer.fault)

    async def _ask(self, system: System) -> Answer:
        probe = system.probe
        client = self._anybody if system.certificate.allow_self_signed else self._trusted
        try:
            async with asyncio.timeout(probe.timeout):
                async with client.stream("GET", str(probe.url or system.url)) as response:
                    return Answer(*await _judge(response, probe.text), heard=True)
        except TimeoutError:
            return Answer(Sight.DOWN, f"{probe.timeout:g} 秒内没有完整回答")
        except httpx.TooManyRedirects:
            return Answer(Sight.DOWN, "一直在跳转，没有到达页面")
        except (httpx.HTTPError, OSError, ssl.SSLError, ValueError) as error:
            return _failed(error)

    async def _any_witness(self) -> bool:
        """Whether the network is there, as far as can be told."""
        for witness in self._witnesses:
            host, _, port = witness.rpartition(":")
            try:
                async with asyncio.timeout(_WITNESS):
                    _, writer = await asyncio.open_connection(host, int(port))
            except ConnectionRefusedError:
                return True
            except (OSError, TimeoutError):
                continue
            writer.close()
            return True
        return not self._witnesses


async def _judge(response: httpx.Response, text: str) -> tuple[Sight, str]:
    """All of the answer has to arrive, also where only its status matters."""
    body = bytearray()
    async for block in response.aiter_bytes():
        if len(body) < _LARGEST:
            body += block
    if not response.is_success:
        return Sight.DOWN, f"回答 {response.status_code}，应为 2xx"
    if text and text not in body.decode(response.encoding or "utf-8", "replace"):
        return Sight.DOWN, f"回答 {response.status_code}，但没有“{text}”"
    return Sight.UP, ""


def _failed(error: BaseException) -> Answer:
    """Say in words why there was no answer, from the error under httpx's and anyio's own."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Answer(Sight.DOWN, f"证书不可信：{cause.verify_message}", heard=True)
        if isinstance(cause, ssl.SSLError):
            return Answer(Sight.DOWN, f"TLS 握手失败：{cause.reason or cause}")
        if isinstance(cause, socket.gaierror):
            ours = cause.errno in (socket.EAI_AGAIN, socket.EAI_SYSTEM, socket.EAI_MEMORY)
            return Answer(Sight.BLIND, "本机域名解析不可用") if ours else Answer(Sight.DOWN, "域名解析不到地址")
        if isinstance(cause, OSError) and cause.errno in _OURS:
            return Answer(Sight.BLIND, f"本机网络不可用：{cause.strerror}")
        if isinstance(cause, OSError) and cause.errno in _REFUSED:
            return Answer(Sight.DOWN, _REFUSED[cause.errno], heard=cause.errno != errno.EHOSTUNREACH)
    return Answer(Sight.DOWN, f"没有合乎 HTTP 的回答：{type(error).__name__}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The deepest first; several addresses of a name come as a group."""
    for inner in (
        *(error.exceptions if isinstance(error, BaseExceptionGroup) else ()),
        error.__cause__,
        error.__context__,
    ):
        if inner is not None:
            yield from _causes(inner)
    yield error


def _asleep() -> float:
    """Seconds for which this machine has been suspended since it started."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
