"""PG04 错误页或登录页: a page that answers 200 and yet is not the page."""

from checks.contract import Journey, System
from checks.finding import State, Verdict
from checks.page_check import PageCheck, Part, held_up, needs_login
from checks.visit import Visit

ERROR_TEXTS = (
    "系统错误", "系统异常", "服务器错误", "服务器内部错误", "服务不可用", "服务暂不可用", "页面不存在",
    "无法访问此页面",
    "系统繁忙", "请求出错",
    "Internal Server Error", "Bad Gateway", "Service Unavailable", "Gateway Time-out",
    "Whitelabel Error Page", "HTTP Status 4", "HTTP Status 5", "NullPointerException", "java.lang.", "Stack trace",
    "Traceback (most recent call last)", "ORA-0", "SQLException", "锟斤拷",
)  # fmt: skip
"""Traits of the error pages of usual servers and frameworks; a contract may add its own.
"锟斤拷" is what GBK shows for U+FFFD twice: the commonest trace of a wrong encoding."""

REPLACEMENT = "\ufffd"


def error_trait(text: str, more: list[str]) -> str:
    """Return the first trait of an error page in the visible text of a page, or nothing."""
    if text.count(REPLACEMENT) >= 3:
        return "乱码"
    return next((trait for trait in (*ERROR_TEXTS, *more) if trait in text), "")


def evaluate(visit: Visit, system: System, part: Part) -> Verdict:
    """CRIT: an error page, or a login page where a logged-in visitor should see the page."""
    if visit.error_text:
        return Verdict(State.CRIT, f"期望正常页面，实际是错误页（出现“{visit.error_text}”）")
    leaves = isinstance(part, Journey) and part.logs_out
    if (
        needs_login(system, part)
        and not leaves
        and (visit.password_field or (visit.obstacle and visit.obstacle.kind == "login-page"))
    ):
        return Verdict(State.CRIT, "期望正常页面，实际回到了登录页")
    if not visit.documents:
        return held_up(visit)
    return Verdict(State.OK, "不是错误页或登录页")


CHECK = PageCheck("PG04", "错误页或登录页", evaluate)
