"""The registry of faults the estate can show, and the switchboard of those that are on.

`caught_by` says what an inspection must report for the fault: (target, check id, state), target = system/journey.
`path` is the page the fault touches, `effect` how it does (see rehearsal/web/manners.py; PAGE = the page's own).
"""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from rehearsal.errors import RehearsalError

Caught = tuple[str, str, str]


class Effect(StrEnum):
    """How a fault shows itself."""

    DELAY = "delay"  # answers `seconds` late
    HANG = "hang"  # never answers
    STATUS = "status"  # answers with `status` and the server's own error page
    ERROR_PAGE = "error-page"  # 200, but the page reports an error
    LOGIN_PAGE = "login-page"  # 200, but it is the login page
    BLANK = "blank"  # 200 and nothing to see
    MOJIBAKE = "mojibake"  # GBK bytes declared as UTF-8
    LOOP = "loop"  # redirects to itself
    NOT_A_PDF = "not-a-pdf"  # an HTML error text sent as the attachment
    TRUNCATED = "truncated"  # half of the attachment
    PAGE = "page"  # the page's own code shows it
    LOGIN = "login"  # the login itself behaves differently
    CERTIFICATE = "certificate"  # another certificate is presented; `certificate` names it
    CLOSED = "closed"  # the port is closed


@dataclass(frozen=True)
class Fault:
    """One thing that can be wrong with one system."""

    name: str
    title: str
    path: str
    effect: Effect
    caught_by: tuple[Caught, ...]
    seconds: float = 0.0
    status: int = 0
    certificate: str = ""

    @property
    def system(self) -> str:
        return self.name.partition("-")[0]


FAULTS: tuple[Fault, ...] = (
    # --- OA -------------------------------------------------------------------------------------------------
    Fault("oa-slow", "待办页面响应慢（4 秒）", "/todo", Effect.DELAY,
          (("oa/todo", "PG02", "WARN"),), seconds=4),
    Fault("oa-very-slow", "收文页面响应很慢（11 秒）", "/incoming", Effect.DELAY,
          (("oa/incoming", "PG02", "CRIT"),), seconds=11),
    Fault("oa-hang", "通知页面一直没有响应", "/notices", Effect.HANG,
          (("oa/notices", "PG01", "CRIT"),)),
    Fault("oa-http-500", "发文页面返回 HTTP 500", "/outgoing", Effect.STATUS,
          (("oa/outgoing", "PG01", "CRIT"),), status=500),
    Fault("oa-error-page", "检索页面返回 200，内容是“系统错误”和堆栈", "/search", Effect.ERROR_PAGE,
          (("oa/search", "PG04", "CRIT"),)),
    Fault("oa-login-page", "通知页面返回 200，内容是登录页", "/notices", Effect.LOGIN_PAGE,
          (("oa/notices", "PG04", "CRIT"),)),
    Fault("oa-session-dropped", "登录成功后会话立即失效，回到登录页", "/portal", Effect.LOGIN,
          (("oa/login", "PG05", "UNKNOWN"),)),
    Fault("oa-login-refused", "用户名和密码正确，登录仍被拒绝", "/login", Effect.LOGIN,
          (("oa/login", "PG05", "UNKNOWN"),)),
    Fault("oa-missing-element", "待办页面缺少待办数量和“标记已读”按钮", "/todo", Effect.PAGE,
          (("oa/todo", "PG05", "CRIT"),)),
    Fault("oa-wrong-count", "待办页面显示有待办，列表却是空的", "/todo", Effect.PAGE,
          (("oa/todo", "PG05", "CRIT"),)),
    Fault("oa-late-content-missing", "督办页面的内容一直没有加载出来", "/api/supervision", Effect.STATUS,
          (("oa/supervision", "PG05", "CRIT"), ("oa/supervision", "PG07", "WARN")), status=503),
    Fault("oa-redirect-loop", "发文页面循环重定向", "/outgoing", Effect.LOOP,
          (("oa/outgoing", "PG01", "CRIT"),)),
    Fault("oa-attachment-broken", "公文附件下载得到的是报错网页", "/attachment/oa-in-01.pdf", Effect.NOT_A_PDF,
          (("oa/attachment", "PG08", "CRIT"),)),
    Fault("oa-script-error", "首页脚本报错（TypeError 未捕获）", "/home", Effect.PAGE,
          (("oa/home", "PG06", "WARN"),)),
    Fault("oa-subresource", "首页横幅图片返回 500", "/static/banner.svg", Effect.STATUS,
          (("oa/home", "PG07", "WARN"),), status=500),
    Fault("oa-cert-expired", "证书已过期", "/", Effect.CERTIFICATE,
          (("oa/login", "PG03", "CRIT"),), certificate="expired"),
    Fault("oa-cert-expiring", "证书 5 天后到期", "/", Effect.CERTIFICATE,
          (("oa/login", "PG03", "CRIT"),), certificate="expiring"),
    Fault("oa-down", "系统停机，端口不通", "/", Effect.CLOSED,
          (("oa/login", "PG01", "CRIT"),)),
    # --- mobile ---------------------------------------------------------------------------------------------
    Fault("mobile-slow", "移动端待办接口响应慢（4 秒）", "/api/todo", Effect.DELAY,
          (("mobile/todo", "PG02", "WARN"),), seconds=4),
    Fault("mobile-gateway-502", "接口网关返回 502", "/api/gateway/health", Effect.STATUS,
          (("mobile/gateway", "PG01", "CRIT"),), status=502),
    Fault("mobile-api-502", "通讯录的后端接口返回 502，页面外壳正常", "/api/contacts", Effect.STATUS,
          (("mobile/contacts", "PG05", "CRIT"), ("mobile/contacts", "PG07", "WARN")), status=502),
    Fault("mobile-never-ready", "移动端通知页一直显示“加载中”", "/api/notices", Effect.PAGE,
          (("mobile/notices", "PG05", "CRIT"),)),
    Fault("mobile-script-error", "通讯录数据缺字段，脚本报错", "/api/contacts", Effect.PAGE,
          (("mobile/contacts", "PG06", "WARN"),)),
    Fault("mobile-attachment-missing", "移动端附件不存在（404）", "/api/attachment/oa-in-01.pdf", Effect.STATUS,
          (("mobile/attachment", "PG08", "CRIT"),), status=404),
    Fault("mobile-attachment-truncated", "移动端附件只有一半", "/api/attachment/oa-in-01.pdf", Effect.TRUNCATED,
          (("mobile/attachment", "PG08", "CRIT"),)),
    Fault("mobile-self-signed", "证书是自签名的，不由演练 CA 签发", "/", Effect.CERTIFICATE,
          (("mobile/login", "PG03", "CRIT"),), certificate="self-signed"),
    # --- archive --------------------------------------------------------------------------------------------
    Fault("archive-down", "系统停机，端口不通", "/", Effect.CLOSED,
          (("archive/login", "PG01", "CRIT"),)),
    Fault("archive-blank", "统计页面返回 200，内容空白", "/stats", Effect.BLANK,
          (("archive/stats", "PG05", "CRIT"),)),
    Fault("archive-mojibake", "借阅页面乱码（GBK 内容声明为 UTF-8）", "/borrow", Effect.MOJIBAKE,
          (("archive/borrow", "PG05", "CRIT"),)),
    Fault("archive-preview-broken", "原文预览的 PDF 已损坏", "/original/da-01.pdf", Effect.NOT_A_PDF,
          (("archive/preview", "PG08", "CRIT"),)),
    Fault("archive-search-empty", "检索测试档案没有结果", "/search", Effect.PAGE,
          (("archive/search", "PG05", "CRIT"),)),
    Fault("archive-captcha-login", "登录页出现图形验证码", "/login", Effect.LOGIN,
          (("archive/login", "PG05", "UNKNOWN"),)),
)  # fmt: skip

DESK_FAULTS: tuple[Fault, ...] = (
    Fault("mail-down", "邮件服务器停了，通知发不出", "/", Effect.CLOSED, ()),
    Fault("hook-down", "回调服务停了，通知发不出", "/", Effect.CLOSED, ()),
)
"""No inspection is to find these: they are in the way of the notifications."""

BY_NAME: dict[str, Fault] = {fault.name: fault for fault in (*FAULTS, *DESK_FAULTS)}


def find(name: str) -> Fault:
    """The fault of this name; an unknown name raises, with the closest one as a hint."""
    if name not in BY_NAME:
        raise UnknownFaultError(hint(name, BY_NAME))
    return BY_NAME[name]


def hint(name: str, known: Iterable[str]) -> str:
    """What to say about a name that is not there."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.3)
    meant = f"，是否指 {close[0]}？" if close else "。"
    return f"没有名为“{name}”的故障{meant}用 xunjian rehearsal faults 查看全部。"


class UnknownFaultError(RehearsalError):
    """The name is not in the registry."""


class Switchboard:
    """Which faults are on; looked up in each request."""

    def __init__(self) -> None:
        self._on: dict[str, Fault] = {}

    def turn_on(self, fault: Fault) -> None:
        self._on = {**self._on, fault.name: fault}

    def clear(self, name: str = "") -> None:
        self._on = {key: fault for key, fault in self._on.items() if name and key != name}

    def is_on(self, name: str) -> bool:
        return find(name).name in self._on

    def names(self) -> list[str]:
        return sorted(self._on)

    def of(self, system: str) -> Iterator[Fault]:
        return iter([fault for fault in self._on.values() if fault.system == system])

    def at(self, system: str, path: str) -> Iterator[Fault]:
        return (fault for fault in self.of(system) if fault.path == path)
