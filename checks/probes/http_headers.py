"""缺失响应头: on the page itself, the error page and the root, which often redirects (inspection-items, Web-facing)."""

import re
from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import Field

from checks.finding import State, Verdict
from checks.safe_probe import Kind, ProbeParams, Request, Response, SafeProbe, Target
from checks.web import FROM_OUTSIDE, NO_SUCH_PAGE, answered, base, listed, request

_HALF_A_YEAR = 15_552_000  # seconds: 180 days
_PAGES = ("页面", "错误页", "首页")
Header = Literal["hsts", "nosniff", "frame", "referrer"]


class Params(ProbeParams):
    headers: tuple[Header, ...] = Field(("hsts", "nosniff", "frame", "referrer"), min_length=1, title="看哪几项")


def _ask(target: Target, _: Params) -> Sequence[Request]:
    paths = dict.fromkeys((target.path, f"{base(target)}/{NO_SUCH_PAGE}", "/"))
    return [request("GET", target, path) for path in paths]


def _judge(replies: Sequence[Response], params: Params) -> Verdict:
    lacking: dict[str, list[str]] = {}
    for page, reply in zip(_PAGES, replies, strict=False):
        answered(reply)
        for one in params.headers:
            name, there = _HEADERS[one]
            if not there(reply):
                lacking.setdefault(page, []).append(name)
    if not lacking:
        return Verdict(State.OK, f"{listed(_HEADERS[one][0] for one in params.headers)} 都在；应都在")
    words = "；".join(f"{page}缺 {listed(names)}" for page, names in lacking.items())
    return Verdict(State.CRIT if _PAGES[0] in lacking else State.WARN, f"{words}；应都在")


def _hsts(reply: Response) -> bool:
    """Browsers take no notice of it without TLS (RFC 6797, 7.2)."""
    age = re.search(r'max-age\s*=\s*"?(\d+)', reply.header("strict-transport-security") or "", re.I)
    return not reply.tls or (age is not None and int(age[1]) >= _HALF_A_YEAR)


def _frame(reply: Response) -> bool:
    alone = (reply.header("x-frame-options") or "").strip().upper() in {"DENY", "SAMEORIGIN"}
    return alone or "frame-ancestors" in (reply.header("content-security-policy") or "")


_HEADERS: dict[Header, tuple[str, Callable[[Response], bool]]] = {
    "hsts": ("Strict-Transport-Security（不短于 180 天）", _hsts),
    "nosniff": ("X-Content-Type-Options", lambda it: it.header("x-content-type-options") == "nosniff"),
    "frame": ("X-Frame-Options 或 CSP frame-ancestors", _frame),
    "referrer": ("Referrer-Policy", lambda it: it.header("referrer-policy") not in {None, "", "unsafe-url"}),
}

CHECK = SafeProbe(
    id="http-headers",
    title="安全响应头",
    version=1,
    vantages=FROM_OUTSIDE,
    kind=Kind.URL,
    params=Params,
    ask=_ask,
    judge=_judge,
    sends=f"GET 该网址、同目录下的 {NO_SUCH_PAGE}（错误页）和 /（常是跳转），不登录，不跟随跳转",
    passes="三个页面都有 Strict-Transport-Security（https，不短于 180 天）、X-Content-Type-Options: nosniff、"
    "X-Frame-Options 或 CSP frame-ancestors、Referrer-Policy；只有错误页或首页缺为部分",
    remedy="nginx 在 server 段写 `add_header Strict-Transport-Security 'max-age=31536000' always;` 等四行，"
    "都带 `always`（否则错误页没有）；location 里另有 add_header 的要重写一遍。`nginx -t` 通过后 `nginx -s reload`。"
    "退回：删去这几行，重新加载；HSTS 已被浏览器记住，先发 `max-age=0` 再撤 https。",
    classes=("缺失响应头", "HSTS", "X-Frame-Options", "点击劫持", "X-Content-Type-Options", "Referrer-Policy"),
)
