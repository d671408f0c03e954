"""B08 明文远程管理, B18 高危端口: what others can reach, as OS16 sees it."""

from pydantic import Field

from checks.clauses import CLAUSES
from checks.finding import State, Verdict
from checks.host_check import HostCheck, Look, Params
from checks.hosts.ports import COMMAND, Listening, Port, parse

PLAIN = {21: "ftp", 23: "telnet", 512: "rexec", 513: "rlogin", 514: "rsh"}


class Risky(Params):
    """Source: inspection-items, B18."""

    ports: tuple[Port, ...] = Field((21, 23, 111, 135, 139, 445, 512, 513, 514, 2049), title="高危端口")


def _plain(facts: Listening, look: Look[Listening], params: Params) -> Verdict:
    if found := [f"{PLAIN[port]}（{port}）" for port in facts.public if port in PLAIN]:
        return Verdict(State.CRIT, f"在监听 {'、'.join(found)}，期望没有明文的远程管理")
    return Verdict(State.OK, "没有 telnet、rsh、ftp 在监听，期望如此")


def _risky(facts: Listening, look: Look[Listening], params: Risky) -> Verdict:
    if found := [str(port) for port in facts.public if port in params.ports]:
        return Verdict(State.CRIT, f"高危端口 {'、'.join(found)} 对外监听，期望没有")
    return Verdict(State.OK, f"对外监听 {'、'.join(map(str, facts.public)) or '无'}，其中没有高危端口")


CHECKS = (
    HostCheck("B08", CLAUSES["B08"].title, COMMAND, parse, _plain, Listening, Params, at_once=True),
    HostCheck("B18", CLAUSES["B18"].title, COMMAND, parse, _risky, Listening, Risky, at_once=True),
)
