"""WebLogic's administration console: that its login page can be seen is the weakness."""

from checks.exposure import Page, not_exposed

CHECK = not_exposed(
    "weblogic-console",
    "WebLogic 控制台未暴露",
    [Page("GET", "/console/login/LoginForm.jsp", r"WebLogic Server|Oracle WebLogic", "控制台登录页")],
    remedy="在控制台的域配置里去掉“启用控制台”（或启用管理端口并只在管理网监听），重启域；"
    "也可在前置代理加 `location ^~ /console { return 404; }`。退回：用 WLST 把 ConsoleEnabled 设回 true，"
    "或删去代理的这一段后重新加载。",
    classes=("weblogic", "weblogic控制台", "WebLogic管理后台"),
)
