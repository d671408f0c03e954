"""Nacos: its user list without a login, and its console.

A page of the list that is far behind its end is asked for: it tells whether the list is open, and names nobody.
"""

from checks.exposure import Page, not_exposed
from checks.finding import State

_USERS = "auth/users?pageNo=9999999&pageSize=1"

CHECK = not_exposed(
    "nacos",
    "Nacos 未授权访问",
    [
        Page("GET", f"/nacos/v1/{_USERS}", r'"(pageItems|totalCount)"', "用户列表"),
        Page("GET", "/nacos/", r"<title>\s*Nacos", "控制台", State.WARN),
    ],
    remedy="在 conf/application.properties 写 `nacos.core.auth.enabled=true`，更换 `token.secret.key` 和 "
    "`server.identity.*` 的默认值，重启 Nacos；控制台端口只对管理网放行。"
    "退回：恢复原来的 application.properties，重启。",
    classes=("nacos", "Nacos未授权访问", "CVE-2021-29441"),
)
