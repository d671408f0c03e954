"""No directory listing (inspection-items, Web-facing)."""

import re
from collections.abc import Sequence

from checks.finding import Reason, State, Verdict
from checks.host_check import NotTaken
from checks.safe_probe import Kind, ProbeParams, Request, Response, SafeProbe, Target
from checks.web import FROM_OUTSIDE, answered, leads_to_login, request

_LISTING = re.compile(
    r"<title>\s*(Index of|Directory Listing For|Directory listing for)|<h1>\s*(Index of|Directory Listing For)"
    r"|\[To Parent Directory\]|\[转到父目录\]|\[转到上级目录\]",
    re.I,
)


def _ask(target: Target, _: ProbeParams) -> Sequence[Request]:
    return [request("GET", target, target.path, 8192)]


def _judge(replies: Sequence[Response], _: ProbeParams) -> Verdict:
    reply = answered(replies[0])
    if _LISTING.search(reply.body):
        return Verdict(State.CRIT, f"回答 {reply.status}，列出了目录；应不列出")
    if 300 <= reply.status < 400 and not leads_to_login(reply, "/"):
        where = reply.header("location") or "别处"
        raise NotTaken(Reason.UNSUPPORTED, f"转到 {where}，请对那个网址复测（目录的网址以 / 结尾）")
    return Verdict(State.OK, f"回答 {reply.status}，没有列出目录；应不列出")


CHECK = SafeProbe(
    id="directory-listing",
    title="不列目录",
    version=1,
    vantages=FROM_OUTSIDE,
    kind=Kind.URL,
    params=ProbeParams,
    ask=_ask,
    judge=_judge,
    sends="GET 该网址（目录，以 / 结尾）一次，最多读 8 KB，不登录，不跟随跳转",
    passes="回答里没有目录清单",
    remedy="nginx 写 `autoindex off;`，Apache 写 `Options -Indexes`，Tomcat 的 DefaultServlet 写 `listings=false`，"
    "重新加载。退回：恢复原来的一行，重新加载。",
    classes=("目录遍历", "目录列表", "目录浏览", "列目录"),
)
