"""Bad manners: an ASGI layer that applies the faults switched on for the path asked for, before the page itself."""

import asyncio
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rehearsal.faults import Effect, Fault, Switchboard

TICK = 0.1
Page = Callable[[Request], Response]

_SERVER_PAGE = """<html><head><title>{status} {reason}</title></head><body bgcolor="white"><center>
<h1>{status} {reason}</h1></center><hr><center>nginx</center></body></html>"""
_REASONS = {404: "Not Found", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable"}
_ERROR_PAGE = """<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>系统错误</title></head>
<body style="font-family:sans-serif;padding:24px"><h2 style="color:#b00">系统错误</h2>
<p>系统运行出现异常，请联系管理员。错误代码：E-90001</p>
<pre style="background:#f4f4f4;padding:12px">java.lang.NullPointerException: Cannot invoke "PageInfo.getList()" because "page" is null
\tat rehearsal.office.web.SearchAction.query(SearchAction.java:118)
\tat rehearsal.office.web.BaseAction.execute(BaseAction.java:42)
\tat org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java:166)
\tat java.base/java.lang.Thread.run(Thread.java:840)</pre></body></html>"""  # noqa: E501
_FILE_ERROR = "<html><head><title>错误</title></head><body>文件服务异常：读取附件失败（E-50012）</body></html>"


class Manners:
    """Wraps a system; without faults it only passes through."""

    def __init__(self, app: ASGIApp, system: str, switches: Switchboard, login_page: Page) -> None:
        self._app = app
        self._system = system
        self._switches = switches
        self._login_page = login_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = self._app
        for fault in self._switches.at(self._system, scope["path"]):
            if fault.effect in (Effect.DELAY, Effect.HANG):
                if not await self._wait(fault, receive):
                    return
            else:
                answer = self._spoil(fault, answer, scope)
        await answer(scope, receive, _unstored(send))

    async def _wait(self, fault: Fault, receive: Receive) -> bool:
        """Let time pass, until it is over or the fault is off; False when the client left meanwhile."""
        gone = asyncio.ensure_future(_until_gone(receive))
        left = fault.seconds if fault.effect is Effect.DELAY else float("inf")
        try:
            while left > 0 and not gone.done() and self._switches.is_on(fault.name):
                await asyncio.wait({gone}, timeout=TICK)
                left -= TICK
            return not gone.done()
        finally:
            gone.cancel()

    def _spoil(self, fault: Fault, app: ASGIApp, scope: Scope) -> ASGIApp:
        match fault.effect:
            case Effect.STATUS:
                reason = _REASONS[fault.status]
                text = _SERVER_PAGE.format(status=fault.status, reason=reason)
                return HTMLResponse(text, status_code=fault.status)
            case Effect.ERROR_PAGE:
                return HTMLResponse(_ERROR_PAGE)
            case Effect.LOGIN_PAGE:
                return self._login_page(Request(scope))
            case Effect.BLANK:
                return HTMLResponse("<html><head></head><body></body></html>")
            case Effect.LOOP:
                return RedirectResponse(scope["path"], status_code=302)
            case Effect.MOJIBAKE:
                return _rewrite(app, lambda body: body.decode().encode("gbk", "replace"))
            case Effect.TRUNCATED:
                return _rewrite(app, lambda body: body[: len(body) // 2])
            case Effect.NOT_A_PDF:
                return _rewrite(app, lambda _: _FILE_ERROR.encode())
            case _:
                return app


def unhurried(app: ASGIApp, seconds: float) -> ASGIApp:
    """The same system on a slow day: everything but static files takes `seconds` to answer."""

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if not scope.get("path", "").startswith("/static/"):
            await asyncio.sleep(seconds)
        await app(scope, receive, send)

    return slow if seconds else app


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _unstored(send: Send) -> Send:
    """Nothing may come from a browser's cache, or a fault would go unseen."""

    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["cache-control"] = "no-store"
        await send(message)

    return marked


def _rewrite(app: ASGIApp, change: Callable[[bytes], bytes]) -> ASGIApp:
    """The same answer with another body; status and headers stay as they are, but for the length."""

    async def spoiled(scope: Scope, receive: Receive, send: Send) -> None:
        start: list[Message] = []
        parts: list[bytes] = []

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.append(message)
                return
            parts.append(message.get("body", b""))
            if not message.get("more_body"):
                await _finish(send, start[0], change(b"".join(parts)))

        await app(scope, receive, keep)

    return spoiled


async def _finish(send: Send, start: Message, body: bytes) -> None:
    MutableHeaders(scope=start)["content-length"] = str(len(body))
    await send(start)
    await send({"type": "http.response.body", "body": body})
