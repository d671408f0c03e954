"""KB1–KB3: KingbaseES V8R6 and later, which comes from PostgreSQL: the same questions through ksql, port 54321.

Written from documentation (help.kingbase.com.cn, ksql reference); no server was at hand.
"""

from pydantic import Field

from checks.host_check import HostCheck
from checks.hosts import postgresql as base

COMMAND = base.command("ksql", "kingbase")


class Params(base.Params):
    """As PostgreSQL's; port and database are those that initdb of KingbaseES sets up."""

    port: int = Field(54321, ge=1, le=65535, title="端口")
    database: str = Field("test", min_length=1, title="数据库")


CHECKS = (
    HostCheck(
        "KB1", "金仓存活与连接", COMMAND, base.parse_alive, base.evaluate_alive, base.Alive, Params,
        service="kingbase", arguments=base.arguments,
    ),
    HostCheck(
        "KB2", "金仓事务号年龄", COMMAND, base.parse_age, base.evaluate_age, base.Age, Params,
        service="kingbase", arguments=base.arguments,
    ),
    HostCheck(
        "KB3", "金仓归档与复制", COMMAND, base.parse_replication, base.evaluate_replication, base.Replication, Params,
        service="kingbase", arguments=base.arguments,
    ),
)  # fmt: skip
