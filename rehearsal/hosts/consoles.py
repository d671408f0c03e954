"""FAKES for the rehearsal: nginx answers at the addresses of consoles and endpoints with what the real ones answer.

None of these products runs here. What they answer is written from their documentation and source: Spring Boot 2.7
(actuator), Druid 1.2 (StatViewServlet), springfox 2.9, springdoc 1.7, Nacos 2.0, Tomcat 10.1 (manager), WebLogic 12c.
"""

import json

_LINK = "https://$host/actuator"
_ACTUATOR = {
    "_links": {
        "self": {"href": _LINK, "templated": False},
        "health": {"href": f"{_LINK}/health", "templated": False},
        "env": {"href": f"{_LINK}/env", "templated": False},
        "heapdump": {"href": f"{_LINK}/heapdump", "templated": False},
    }
}
_API = {"info": {"title": "演练接口", "version": "1.0"}, "paths": {}}
_USERS = {"totalCount": 1, "pageNumber": 9999999, "pagesAvailable": 1, "pageItems": []}  # a page behind the end


def _at(path: str, kind: str, answer: object, more: str = "") -> str:
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    return f"location = {path} {{ {more}default_type {kind}; return 200 '{text}'; }}\n"


def _page(path: str, title: str) -> str:
    return _at(path, "text/html", f"<!doctype html><html><head><title>{title}</title></head><body></body></html>")


_SPRING = "application/vnd.spring-boot.actuator.v3+json"

CONSOLES: dict[str, tuple[str, str]] = {
    "actuator": (
        "Spring Boot Actuator 不用登录",
        _at("/actuator", _SPRING, _ACTUATOR)
        + _at("/actuator/health", _SPRING, {"status": "UP"})
        + _at("/actuator/env", _SPRING, {"activeProfiles": [], "propertySources": []})
        + _at("/actuator/heapdump", "application/octet-stream", "JAVA PROFILE 1.0.2"),
    ),
    "druid": (
        "Druid 监控页不用登录",
        _page("/druid/index.html", "Druid Stat Index") + "location = /druid/ { return 302 /druid/index.html; }\n",
    ),
    "swagger": (
        "接口文档（Swagger）谁都能看",
        _page("/swagger-ui.html", "Swagger UI")
        + _page("/swagger-ui/index.html", "Swagger UI")
        + _at("/v2/api-docs", "application/json", {"swagger": "2.0", **_API})
        + _at("/v3/api-docs", "application/json", {"openapi": "3.0.1", **_API}),
    ),
    "nacos": (
        "Nacos 不用登录就能列出用户",
        _page("/nacos/", "Nacos") + _at("/nacos/v1/auth/users", "application/json", _USERS),
    ),
    "tomcat-manager": ("Tomcat 管理界面不用登录", _page("/manager/html", "Tomcat Web Application Manager")),
    "weblogic-console": (
        "WebLogic 控制台够得着",
        _page("/console/login/LoginForm.jsp", "Oracle WebLogic Server Administration Console")
        + "location = /console { return 302 /console/login/LoginForm.jsp; }\n",
    ),
}
"""Name → what is wrong, and the locations for nginx."""
