"""Descriptions of an application's interfaces: Swagger, OpenAPI, Knife4j."""

from checks.exposure import Page, not_exposed

_DOCUMENT = r'"(swagger|openapi)"\s*:\s*"'

CHECK = not_exposed(
    "swagger",
    "Swagger 接口文档未暴露",
    [
        Page("GET", "/v2/api-docs", _DOCUMENT, "v2/api-docs"),
        Page("GET", "/v3/api-docs", _DOCUMENT, "v3/api-docs"),
        Page("GET", "/swagger-ui.html", r"<title>\s*Swagger UI|swagger-ui", "swagger-ui.html"),
        Page("GET", "/swagger-ui/index.html", r"<title>\s*Swagger UI|swagger-ui", "swagger-ui"),
        Page("GET", "/doc.html", r"knife4j|swagger-bootstrap-ui", "doc.html"),
    ],
    remedy="生产环境关掉接口文档：springdoc 写 `springdoc.api-docs.enabled=false`，springfox 写 "
    "`springfox.documentation.enabled=false`，Knife4j 写 `knife4j.production=true`，重启应用。"
    "退回：恢复原来的配置，重启应用。",
    classes=("swagger", "api-docs", "knife4j", "接口文档泄露"),
)
