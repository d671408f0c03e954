"""MongoDB without a login: one listDatabases with a filter that no database meets, so no name is told."""

from collections.abc import Sequence

from checks.finding import Reason, State, Verdict
from checks.host_check import NotTaken
from checks.safe_probe import Kind, ProbeParams, SafeProbe, Said, Say, Target
from checks.web import FROM_OUTSIDE


def _ask(target: Target, _: ProbeParams) -> Sequence[Say]:
    return [Say(target.name, target.port, "mongodb-list")]


def _judge(replies: Sequence[Said], _: ProbeParams) -> Verdict:
    [said] = replies
    if "Unauthorized" in said.text or "requires authentication" in said.text:
        return Verdict(State.OK, "listDatabases 被拒（要先登录）；应被拒")
    if "databases" in said.text and "errmsg" not in said.text:
        return Verdict(State.CRIT, "没有登录，listDatabases 得到回答；应被拒")
    raise NotTaken(Reason.UNSUPPORTED, "对方的回答不是 MongoDB 的（可能要 TLS，或早于 3.6）")


CHECK = SafeProbe(
    id="mongodb-no-login",
    title="MongoDB 需要登录",
    version=1,
    vantages=FROM_OUTSIDE,
    kind=Kind.PORT,
    params=ProbeParams,
    ask=_ask,
    judge=_judge,
    sends="一次 TCP 连接，发一次 `listDatabases`（只问名称，过滤条件为空名，因此一个名称也不返回）",
    passes="回答 Unauthorized",
    remedy="先建管理员账号，再在 mongod.conf 写 `security.authorization: enabled` 和 `net.bindIp`，重启 mongod。"
    "退回：恢复原来的 mongod.conf，重启。",
    classes=("mongodb", "MongoDB未授权访问"),
)
