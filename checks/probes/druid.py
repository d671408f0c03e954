"""Alibaba Druid's statistics page without a login."""

from checks.exposure import Page, not_exposed

CHECK = not_exposed(
    "druid",
    "Druid 监控页未暴露",
    [Page("GET", "/druid/index.html", r"Druid Stat Index|druid\.index\.", "Druid 监控页")],
    remedy="关掉监控页：`spring.datasource.druid.stat-view-servlet.enabled=false`，重启应用；确要保留，则设置 "
    "`login-username`、`login-password` 和 `allow`。退回：恢复原来的配置，重启应用。",
    classes=("druid", "Druid未授权访问"),
)
