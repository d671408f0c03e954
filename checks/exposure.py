"""Pages that nobody should see without a login: one way of asking and judging for all of them.

401, 403 and 404 pass. 200 counts where the page says what it is: login pages, single-page applications and firewalls
answer 200 to everything.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from checks.finding import Reason, State, Verdict, worst
from checks.host_check import NotTaken
from checks.safe_probe import Kind, ProbeParams, Request, Response, SafeProbe, Target
from checks.web import FROM_OUTSIDE, NO_SUCH_PAGE, answered, base, leads_to_login, listed, request

_CLOSED = {401, 403, 404, 405, 407, 410}
_EXPECTED = "应为 401、403、404 或转到登录页"


class Page(NamedTuple):
    """One page. path: below the folder of the target. shows: what gives it away, a regular expression: of GET in the
    body, of HEAD in the Content-Type. what: how operators call it. state: how bad it is that it can be seen."""

    method: Literal["GET", "HEAD"]
    path: str
    shows: str
    what: str
    state: State = State.CRIT


class _Seen(NamedTuple):
    state: State
    words: str
    reason: Reason | None = None


def not_exposed(
    probe_id: str, title: str, pages: Sequence[Page], *, remedy: str, classes: tuple[str, ...]
) -> SafeProbe[ProbeParams]:
    """A probe for pages of one product.

    What HEAD shows is no content: one page more that cannot exist is asked for, and where that answers 200 too, the 200
    of the others tells nothing.
    """
    control = [f"{pages[0].path}/{NO_SUCH_PAGE}"] if any(page.method == "HEAD" for page in pages) else []

    def ask(target: Target, _: ProbeParams) -> list[Request]:
        asked: list[tuple[Literal["GET", "HEAD"], str]] = [(page.method, page.path) for page in pages]
        asked += [("HEAD", path) for path in control]
        return [request(method, target, base(target) + path) for method, path in asked]

    def judge(replies: Sequence[Response], _: ProbeParams) -> Verdict:
        all_alike = any(reply.status == 200 for reply in replies[len(pages) :])
        seen = [_seen(page, reply, all_alike) for page, reply in zip(pages, replies, strict=False)]
        state = worst(one.state for one in seen)
        words = listed(one.words for one in seen if one.state is state)
        reason = next((one.reason for one in seen if one.reason), None) if state is State.UNKNOWN else None
        return Verdict(state, f"{words}；{_EXPECTED}", reason)

    return SafeProbe(
        id=probe_id,
        title=title,
        version=1,
        vantages=FROM_OUTSIDE,
        kind=Kind.URL,
        params=ProbeParams,
        ask=ask,
        judge=judge,
        sends=f"网址所在目录之下的 {len(pages) + len(control)} 个固定路径各一次，不登录，不跟随跳转",
        passes=f"{_EXPECTED}；200 的页面里没有该产品的特征（登录页、统一首页）也算通过",
        remedy=remedy,
        classes=classes,
    )


def _seen(page: Page, reply: Response, all_alike: bool) -> _Seen:
    try:
        answered(reply)
    except NotTaken as error:
        return _Seen(State.UNKNOWN, f"{page.what}：{error.what}", error.reason)
    status = reply.status
    if status in _CLOSED and not (page.method == "HEAD" and status == 405):  # then GET may be taken
        return _Seen(State.OK, f"{page.what} {status}")
    if 300 <= status < 400:
        if leads_to_login(reply, page.path):
            return _Seen(State.OK, f"{page.what} 转到登录页")
        where = reply.header("location") or "别处"
        return _Seen(State.UNKNOWN, f"{page.what} 转到 {where}，请对那个网址复测", Reason.UNSUPPORTED)
    if status != 200:
        return _Seen(State.UNKNOWN, f"{page.what} 回答 {status}，看不出结果", Reason.UNSUPPORTED)
    shown = reply.body if page.method == "GET" else reply.header("content-type") or ""
    if not re.search(page.shows, shown, re.I):
        return _Seen(State.OK, f"{page.what} 200，没有该页面的特征")
    if page.method == "HEAD" and all_alike:
        return _Seen(State.OK, f"{page.what} 200，但不存在的路径也答 200")
    return _Seen(page.state, f"{page.what}可以访问（200）")
