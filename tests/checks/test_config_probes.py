"""Configuration files through the real shell and awk: what is told of them, and that nothing else of them is."""

from pathlib import Path

import pytest
from on_host import answers_here, here

SECRET = "Practice-Secret-1"
PROPERTIES = f"""\
# nacos.core.auth.enabled=false
server.port=8848
nacos.core.auth.enabled = true
nacos.core.auth.enabled.extra=false
 nacos.core.auth.caching.enabled:true # not a comment here
db.url.0=jdbc:mysql://127.0.0.1/nacos?password={SECRET}
auth.from=${{NACOS_AUTH_ENABLE:false}}
server.empty=
"""
INI = f"""\
[client]
password = {SECRET}
local_infile = 1
[mysqld]
local_infile = 0   # off
skip-networking
"""
NGINX = "http {\n    server_tokens off;\n    keepalive_timeout 65;\n}\n"
YAML = f"""\
---
spring:
  datasource:
    password: {SECRET}
    url: "jdbc:mysql://127.0.0.1/oa"
  # management: none
management:
  endpoints:
    web:
      exposure: {{}}
  endpoint:
    shutdown:
      enabled: 'false'  # never
management.server.port: 9001
"""


@pytest.mark.parametrize(
    ("name", "text", "key", "told"),
    [
        ("a.properties", PROPERTIES, "nacos.core.auth.enabled", ["is true"]),
        ("a.properties", PROPERTIES, "nacos.core.auth.caching.enabled", ["other"]),
        ("a.properties", PROPERTIES, "server.port", ["is 8848"]),
        ("a.properties", PROPERTIES, "server.empty", ["is "]),
        ("a.properties", PROPERTIES, "db.url.0", ["other"]),
        ("a.properties", PROPERTIES, "auth.from", ["variable"]),
        ("a.properties", PROPERTIES, "nacos.core.auth", []),
        ("my.cnf", INI, "mysqld.local_infile", ["is 0"]),
        ("my.cnf", INI, "local_infile", ["is 1", "is 0"]),
        ("nginx.conf", NGINX, "server_tokens", ["is off"]),
        ("a.yml", YAML, "management.endpoint.shutdown.enabled", ["is false"]),
        ("a.yml", YAML, "management.server.port", ["is 9001"]),
        ("a.yaml", YAML, "spring.datasource.url", ["other"]),
        ("a.yml", YAML, "enabled", []),
        ("a.yml", YAML.replace("\n", "\r\n"), "management.server.port", ["is 9001"]),
    ],
)
def test_one_key_and_nothing_else(tmp_path: Path, name: str, text: str, key: str, told: list[str]) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    [answer] = answers_here("config-setting", path=str(file), key=key)
    assert (answer.out.splitlines(), answer.err) == (told, "")


@pytest.mark.parametrize(
    ("text", "state"),
    [
        (f"bind 127.0.0.1 -::1\nrequirepass {SECRET}\nmasterauth {SECRET}\n", "OK"),
        (f'BIND 127.0.0.1\nRequirePass "{SECRET}"\n', "OK"),
        (f"# bind 127.0.0.1\nrequirepass {SECRET}\n", "WARN"),
        (f"bind 127.0.0.1\n# requirepass {SECRET}\n", "CRIT"),
        ('bind 127.0.0.1\nrequirepass ""\n', "CRIT"),
        (f"bind 127.0.0.1\nrequirepass {SECRET}\nuser guest on nopass ~* +@all\n", "CRIT"),
        (f"bind 127.0.0.1\nrequirepass {SECRET}\nuser guest off nopass\nuser app on >{SECRET} ~* +@all\n", "OK"),
        ("include /etc/redis/other.conf\n", "UNKNOWN"),
    ],
)
def test_redis_without_its_password(tmp_path: Path, text: str, state: str) -> None:
    file = tmp_path / "redis.conf"
    file.write_text(text, encoding="utf-8")
    [answer] = answers_here("redis-config", path=str(file))
    assert SECRET not in answer.out + answer.err
    assert here("redis-config", path=str(file)).state == state
