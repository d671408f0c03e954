"""A page that is not there: its 404 shows no version and no stack trace (inspection-items, Web-facing)."""

import re
from collections.abc import Sequence

from checks.finding import Reason, State, Verdict
from checks.host_check import NotTaken
from checks.safe_probe import Kind, ProbeParams, Request, Response, SafeProbe, Target
from checks.web import FROM_OUTSIDE, NO_SUCH_PAGE, answered, base, listed, request

_SIGNS = {
    "服务器版本": re.compile(
        r"\b(nginx|openresty|Tengine|Apache|Apache Tomcat|Jetty|WebLogic Server|JBoss|PHP|TongWeb|OpenSSL"
        r"|Microsoft-IIS)\b[ /:]*v?\d+\.\d",
        re.I,
    ),
    "堆栈": re.compile(
        r"^\s*at [\w$.]+\([\w$.]+(:\d+)?\)|\bat (java|javax|org|com|cn|net)\.[\w$.]+\("
        r"|Traceback \(most recent call last\)|\b[\w.]+Exception: |Stack trace:|in /[\w/.-]+\.php",
        re.M,
    ),
    "框架默认错误页": re.compile(r"Whitelabel Error Page|DEBUG = True|Werkzeug Debugger", re.I),
}


def _ask(target: Target, _: ProbeParams) -> Sequence[Request]:
    return [request("GET", target, f"{base(target)}/{NO_SUCH_PAGE}")]


def _judge(replies: Sequence[Response], _: ProbeParams) -> Verdict:
    [reply] = replies
    if shown := [what for what, sign in _SIGNS.items() if sign.search(reply.body)]:
        return Verdict(State.CRIT, f"错误页（{reply.status}）显示了{listed(shown)}；应不显示")
    answered(reply)
    if 300 <= reply.status < 400:
        raise NotTaken(Reason.UNSUPPORTED, f"没有出现错误页，转到 {reply.header('location') or '别处'}，看不出结果")
    return Verdict(State.OK, f"错误页（{reply.status}）没有版本和堆栈；应没有")


CHECK = SafeProbe(
    id="error-page",
    title="错误页不泄露",
    version=1,
    vantages=FROM_OUTSIDE,
    kind=Kind.URL,
    params=ProbeParams,
    ask=_ask,
    judge=_judge,
    sends=f"GET 该网址所在目录下的 {NO_SUCH_PAGE} 一次，不登录，不跟随跳转",
    passes="错误页里没有服务器版本、堆栈和框架默认错误页",
    remedy="nginx 写 `server_tokens off;` 和 `error_page 404 /404.html;`；Tomcat 的 ErrorReportValve 写 "
    '`showReport="false" showServerInfo="false"`；Spring Boot 写 `server.error.whitelabel.enabled=false`、'
    "`server.error.include-stacktrace=never`。重新加载。退回：恢复原来的配置，重新加载。",
    classes=("错误页信息泄露", "报错信息泄露", "堆栈信息", "默认错误页"),
)
