"""No version in Server or X-Powered-By (inspection-items, Web-facing)."""

import re
from collections.abc import Sequence

from checks.finding import State, Verdict
from checks.safe_probe import Kind, ProbeParams, Request, Response, SafeProbe, Target
from checks.web import FROM_OUTSIDE, answered, listed, request

_HEADERS = ("server", "x-powered-by", "x-aspnet-version", "x-aspnetmvc-version", "x-generator")
_VERSION = re.compile(r"\d+\.\d|/\d")


def _ask(target: Target, _: ProbeParams) -> Sequence[Request]:
    return [request("HEAD", target, target.path)]


def _judge(replies: Sequence[Response], _: ProbeParams) -> Verdict:
    [reply] = replies
    if shown := [name for name, value in reply.headers if name in _HEADERS and _VERSION.search(value)]:
        return Verdict(State.CRIT, f"{listed(shown)} 带版本号；应不带")
    answered(reply)
    return Verdict(State.OK, f"回答 {reply.status}，响应头不带版本号；应不带")


CHECK = SafeProbe(
    id="version-disclosure",
    title="响应头不带版本号",
    version=1,
    vantages=FROM_OUTSIDE,
    kind=Kind.URL,
    params=ProbeParams,
    ask=_ask,
    judge=_judge,
    sends="HEAD 该网址一次，不登录，不跟随跳转",
    passes="Server、X-Powered-By、X-AspNet-Version 等响应头里没有版本号",
    remedy="nginx 写 `server_tokens off;`，后端的头用 `proxy_hide_header X-Powered-By;`；"
    "Apache 写 `ServerTokens Prod`；"
    'Tomcat 的 Connector 写 `server="web"`；PHP 写 `expose_php = Off`。重新加载。退回：恢复原来的一行，重新加载。',
    classes=("版本信息泄露", "Server头", "X-Powered-By", "banner 信息泄露"),
)
