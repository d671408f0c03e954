"""Spring Boot actuator: GET the base list, HEAD env and heapdump; a heapdump is never downloaded."""

from checks.exposure import Page, not_exposed

# Health and info tell nothing, and are what is left when Spring's advice is followed.
_MORE = r'"_links"(?s:.*)"(?!(?:self|health|health-path|info)")[\w-]+"\s*:\s*\{'

CHECK = not_exposed(
    "actuator",
    "Spring Boot Actuator 未暴露",
    [
        Page("GET", "/actuator", _MORE, "端点清单"),
        Page("HEAD", "/actuator/env", r"json", "env"),
        Page("HEAD", "/actuator/heapdump", r"octet-stream", "heapdump"),
    ],
    remedy="在应用配置里写 `management.endpoints.web.exposure.include=health`（或把 `management.server.address` 设为 "
    "127.0.0.1），重启应用；并在 nginx 加 `location ^~ /actuator { return 404; }` 后 `nginx -s reload`。"
    "退回：恢复原来的配置文件，重启应用、重新加载 nginx。",
    classes=("actuator", "Spring Boot 信息泄露", "heapdump", "Spring Boot Actuator未授权访问"),
)
