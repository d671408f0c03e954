"""WL1 WebLogic 10.3 to 14: are the servers there, and has a thread been stuck (BEA-000337) since the last inspection?

Written from documentation (Oracle WebLogic Server Error Messages: BEA-000337); no server was at hand.
"""

from pydantic import Field

from checks.finding import State, Verdict
from checks.host_check import HostCheck, Look, Section
from checks.host_check import Params as Common
from checks.services import JVMS, LOG_COUNTS, LogFile, both, log_files, new_lines, parts
from checks.visit import Facts

COMMAND = rf"""{JVMS}{LOG_COUNTS}
echo '=== servers'
for pid in $(jvms weblogic.Server); do
    name=$(property weblogic.Name "$pid")
    echo "${{name#*=}}"
done
echo '=== log'
[ -z "$1" ] || log_counts "$1" '/BEA-000337/ {{ n++ }} END {{ print n + 0 }}'
"""


class Params(Common):
    """The log is named, for where a domain is only its owner can see."""

    instances: int = Field(1, ge=1, title="应有的实例数")
    log: str = Field(
        "",
        pattern="^(/.*)?$",
        title="服务器日志",
        description="可带通配符，如 /u01/domains/oa/servers/*/logs/*.log*；空为不看",
    )


class WebLogic(Facts):
    """Names of the servers that run; counts of stuck threads; None: no log is looked at."""

    servers: tuple[str, ...]
    logs: tuple[LogFile, ...] | None = None


def parse(section: Section) -> WebLogic:
    """Processes, then the log; a log that could not be read is not taken, unless the servers are down anyway."""
    said = parts(section.out)
    servers = tuple(said["servers"].splitlines())
    if section.status and servers:
        raise ValueError(section.err)
    if section.status or not said["log"]:
        return WebLogic(servers=servers)
    return WebLogic(servers=servers, logs=log_files(said["log"], 1))


def evaluate(facts: WebLogic, look: Look[WebLogic], params: Params) -> Verdict:
    """Any newly stuck thread counts."""
    running = len(facts.servers)
    state = State.CRIT if running < params.instances else State.OK
    process = Verdict(state, f"WebLogic 在运行 {running} 个，期望 {params.instances} 个")
    if facts.logs is None:
        return process
    if look.last is None or look.last.facts.logs is None:
        seen = sum(file.counts[0] for file in facts.logs)
        return both(process, Verdict(State.OK, f"日志里线程阻塞 {seen} 条，首次巡检，作为基线"))
    new = new_lines(facts.logs, look.last.facts.logs, 0)
    return both(process, Verdict(State.WARN if new else State.OK, f"新增线程阻塞（BEA-000337）{new} 条，期望 0 条"))


CHECK = HostCheck(
    "WL1", "WebLogic", COMMAND, parse, evaluate, WebLogic, Params, "weblogic", lambda params: (params.log,)
)
