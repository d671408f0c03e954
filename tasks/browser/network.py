"""What Chromium's network errors mean for an inspection."""

from checks.finding import Reason
from checks.visit import Obstacle

_NET = {
    "ERR_CONNECTION_REFUSED": "连接被拒绝",
    "ERR_CONNECTION_RESET": "连接被重置",
    "ERR_CONNECTION_CLOSED": "连接被关闭",
    "ERR_CONNECTION_TIMED_OUT": "连接超时",
    "ERR_TIMED_OUT": "连接超时",
    "ERR_EMPTY_RESPONSE": "没有回答任何内容",
    "ERR_INCOMPLETE_CHUNKED_ENCODING": "回答中断",
    "ERR_CONTENT_LENGTH_MISMATCH": "回答中断",
}
_UNREACHABLE = {
    "ERR_NAME_NOT_RESOLVED": "域名无法解析",
    "ERR_ADDRESS_UNREACHABLE": "地址无法到达",
    "ERR_INTERNET_DISCONNECTED": "巡检机没有网络",
    "ERR_NETWORK_CHANGED": "巡检机网络变化",
    "ERR_NETWORK_ACCESS_DENIED": "巡检机不允许访问网络",
    "ERR_PROXY_CONNECTION_FAILED": "代理无法连接",
}


def obstacle(failure: str, step: str) -> Obstacle:
    """Tell a system that is down (refused, reset, silent) from one that could not be looked at."""
    code = failure.partition("net::")[2].split()[0] if "net::" in failure else failure
    if code in _UNREACHABLE:
        return Obstacle(kind="unknown", step=step, message=_UNREACHABLE[code], reason=Reason.UNREACHABLE)
    if code == "ERR_TOO_MANY_REDIRECTS":
        return Obstacle(kind="redirect-loop", step=step, message="重定向循环")
    if code.startswith(("ERR_CERT", "ERR_SSL")):
        return Obstacle(kind="certificate", step=step, message="证书不被接受")
    return Obstacle(kind="down", step=step, message=_NET.get(code, code))
