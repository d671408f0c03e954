"""Cookies with Secure, HttpOnly and SameSite (inspection-items, Web-facing); their values are never kept."""

from collections.abc import Sequence

from pydantic import Field

from checks.finding import Reason, State, Verdict
from checks.host_check import NotTaken
from checks.safe_probe import Kind, ProbeParams, Request, Response, SafeProbe, Target
from checks.web import FROM_OUTSIDE, answered, request


class Params(ProbeParams):
    readable: tuple[str, ...] = Field(
        (), title="可读的 Cookie", description="页面脚本要读的，不必 HttpOnly，如 XSRF-TOKEN"
    )


def _ask(target: Target, _: Params) -> Sequence[Request]:
    return [request("GET", target, target.path, 1024)]


def _judge(replies: Sequence[Response], params: Params) -> Verdict:
    reply = answered(replies[0])
    cookies = [value for name, value in reply.headers if name == "set-cookie"]
    if not cookies:
        raise NotTaken(Reason.UNSUPPORTED, "这个网址没有设置 Cookie，看不出结果；请换成设置 Cookie 的网址（如登录页）")
    lacking = {name: flags for cookie in cookies for name, flags in [_lacking(cookie, reply.tls, params)] if flags}
    if not lacking:
        return Verdict(State.OK, f"{len(cookies)} 个 Cookie 的标志齐全；应齐全")
    words = "；".join(f"{name} 缺 {'、'.join(flags)}" for name, flags in lacking.items())
    bad = any(flags != ["SameSite"] for flags in lacking.values())
    return Verdict(State.CRIT if bad else State.WARN, f"{words}；应齐全")


def _lacking(cookie: str, tls: bool, params: Params) -> tuple[str, list[str]]:
    first, *attributes = (part.strip() for part in cookie.split(";"))
    name = first.partition("=")[0]
    there = {part.partition("=")[0].lower() for part in attributes}
    wanted = ["HttpOnly"] * (name not in params.readable) + ["Secure"] * tls + ["SameSite"]
    return name, [flag for flag in wanted if flag.lower() not in there]


CHECK = SafeProbe(
    id="cookie-flags",
    title="Cookie 标志",
    version=1,
    vantages=FROM_OUTSIDE,
    kind=Kind.URL,
    params=Params,
    ask=_ask,
    judge=_judge,
    sends="GET 该网址一次，不登录，不带 Cookie，不跟随跳转；Cookie 的值不留",
    passes="每个 Cookie 都有 HttpOnly、SameSite，https 的还有 Secure；只缺 SameSite 为部分",
    remedy="应用侧设置：Servlet 写 `<cookie-config><http-only>true</http-only><secure>true</secure></cookie-config>`，"
    'Tomcat 的 CookieProcessor 写 `sameSiteCookies="lax"`；或 nginx 写 `proxy_cookie_flags ~ secure httponly '
    "samesite=lax;`。退回：恢复原来的配置，重启或重新加载。",
    classes=("Cookie 未设置 HttpOnly", "Cookie未设置Secure", "SameSite", "会话Cookie"),
)
