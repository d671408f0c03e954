"""Tomcat's applications for its administration."""

from checks.exposure import Page, not_exposed
from checks.finding import State

CHECK = not_exposed(
    "tomcat-manager",
    "Tomcat 管理界面未暴露",
    [
        Page("GET", "/manager/html", r"Tomcat Web Application Manager", "manager"),
        Page("GET", "/host-manager/html", r"Tomcat Virtual Host Manager", "host-manager"),
        Page("GET", "/examples/", r"Apache Tomcat Examples", "示例应用", State.WARN),
    ],
    remedy="把 webapps 下的 manager、host-manager、examples 移到 Tomcat 目录之外，或在其 META-INF/context.xml 用 "
    "RemoteAddrValve 只许管理地址。退回：把目录移回 webapps，或恢复 context.xml。",
    classes=("tomcat manager", "Tomcat管理后台", "tomcat示例"),
)
