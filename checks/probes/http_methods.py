"""Dangerous HTTP methods: OPTIONS only, never PUT or DELETE (inspection-items, Web-facing)."""

from collections.abc import Sequence

from pydantic import Field

from checks.finding import Reason, State, Verdict
from checks.host_check import NotTaken
from checks.safe_probe import Kind, ProbeParams, Request, Response, SafeProbe, Target
from checks.web import FROM_OUTSIDE, answered, listed, request

_HARMLESS = {"GET", "HEAD", "POST", "OPTIONS"}
_REFUSED = {403, 405, 501}


class Params(ProbeParams):
    allowed: tuple[str, ...] = Field((), title="业务要用的方法", description="接口确实要用的，如 PUT、DELETE")


def _ask(target: Target, _: Params) -> Sequence[Request]:
    return [request("OPTIONS", target, target.path)]


def _judge(replies: Sequence[Response], params: Params) -> Verdict:
    reply = answered(replies[0])
    named = [value for name, value in reply.headers if name in {"allow", "public"}]
    methods = [method.strip().upper() for value in named for method in value.split(",") if method.strip()]
    if bad := [one for one in methods if one not in _HARMLESS | {one.upper() for one in params.allowed}]:
        return Verdict(State.CRIT, f"允许 {listed(bad)}；应只允许 GET、HEAD、POST、OPTIONS")
    if methods or reply.status in _REFUSED:
        words = f"允许 {listed(methods)}" if methods else f"OPTIONS 回答 {reply.status}"
        return Verdict(State.OK, f"{words}；应只允许 GET、HEAD、POST、OPTIONS")
    raise NotTaken(Reason.UNSUPPORTED, f"OPTIONS 回答 {reply.status}，没有说允许哪些方法，看不出结果")


CHECK = SafeProbe(
    id="http-methods",
    title="HTTP 方法",
    version=1,
    vantages=FROM_OUTSIDE,
    kind=Kind.URL,
    params=Params,
    ask=_ask,
    judge=_judge,
    sends="OPTIONS 该网址一次；从不发 PUT、DELETE、TRACE",
    passes="Allow 里只有 GET、HEAD、POST、OPTIONS 和业务要用的；或 OPTIONS 被拒",
    remedy="nginx 在 location 里写 `limit_except GET POST { deny all; }`；Tomcat 在 web.xml 用 security-constraint "
    "禁止其余方法，DefaultServlet 保持 `readonly=true`，WebDAV 关掉。退回：删去所加的段，重新加载。",
    classes=("不安全的HTTP方法", "OPTIONS", "TRACE", "PUT方法"),
)
