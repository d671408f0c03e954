"""Elasticsearch (and OpenSearch) without a login: only its greeting is asked for, no index."""

from checks.exposure import Page, not_exposed

CHECK = not_exposed(
    "elasticsearch-no-login",
    "Elasticsearch 需要登录",
    [Page("GET", "/", r'"cluster_name"|You Know, for Search', "Elasticsearch 首页")],
    remedy="在 elasticsearch.yml 写 `xpack.security.enabled: true`，用 elasticsearch-setup-passwords 设口令，重启；"
    "`network.host` 只写内网地址。退回：恢复原来的 elasticsearch.yml，重启。",
    classes=("elasticsearch", "Elasticsearch未授权访问"),
)
