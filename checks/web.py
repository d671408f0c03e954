"""What an HTTP answer tells of an application, and what it does not (inspection-items, 漏洞整改复测)."""

import re
from collections.abc import Iterable
from typing import Literal

from checks.finding import Reason
from checks.host_check import NotTaken
from checks.safe_probe import Request, Response, Target, Vantage

FROM_OUTSIDE = frozenset({Vantage.HERE, Vantage.BASTION})
NO_SUCH_PAGE = "xunjian-no-such-page-7f3a91c4"
"""A name that no application has: what it answers to this is its error page."""

_LOGIN = re.compile(r"login|logon|signin|sign-in|passport|oauth|/sso\b|/cas\b|/auth\b", re.I)
_CHALLENGE = re.compile(r"人机验证|访问验证|challenge-platform|__jsl_clearance|正在检查您的浏览器", re.I)


def request(method: Literal["GET", "HEAD", "OPTIONS"], target: Target, path: str, read: int = 64 * 1024) -> Request:
    """A request to a URL's server, for a path of its own."""
    return Request(method, "https" if target.scheme == "https" else "http", target.name, target.port, path, read)


def answered(reply: Response) -> Response:
    """The answer, where it is the application's.

    Raises:
        NotTaken: there was none, the server was at fault itself, or it wants us to go slower or to prove to be human.
    """
    if not reply.status:
        raise NotTaken(Reason.INCOMPLETE, "对方没有回答就断开了连接")
    if reply.status == 429:
        raise NotTaken(Reason.INCOMPLETE, "回答 429（限制了访问频率），请稍后再试")
    if reply.status >= 500 and reply.status != 501:
        raise NotTaken(Reason.INCOMPLETE, f"回答 {reply.status}，服务器自身出错，看不出结果")
    if _CHALLENGE.search(reply.body):
        raise NotTaken(Reason.PERMISSION, f"回答 {reply.status}，是防护设备的验证页，看不到应用；请为巡检机放行")
    return reply


def leads_to_login(reply: Response, path: str) -> bool:
    """Whether a redirect goes to a login page.

    Args:
        path: what was asked for; a redirect to the same, with other scheme or a slash, is none to a login.
    """
    place = re.sub(r"^https?://[^/]*", "", reply.header("location") or "").rstrip("/")
    asked = path.partition("?")[0].rstrip("/")
    return not (asked and place.endswith(asked)) and _LOGIN.search(place) is not None


def base(target: Target) -> str:
    """The folder of a target's path, without the slash at its end: other paths of an application are below it."""
    return target.path.partition("?")[0].rpartition("/")[0]


def listed(words: Iterable[str]) -> str:
    """Several things in one line, each once."""
    return "、".join(dict.fromkeys(words))
