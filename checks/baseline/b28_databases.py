"""B28 MySQL, B29 达梦, B30 PostgreSQL, B31 Redis: how databases let people in, asked as the inspection asks them.

B29 is written from documentation (DM8 system administrator's manual); no server was at hand.
"""

import re

from checks.clauses import CLAUSES
from checks.finding import Reason, State, Verdict
from checks.host_check import HostCheck, Look, NotTaken, Section
from checks.hosts import dameng, mysql, ports, postgresql, redis
from checks.services import CLIENT_FOLDER, needs, parts, recognised
from checks.visit import Facts

# MariaDB keeps what a login is checked by in authentication_string too; a plugin that asks the system needs none.
MYSQL = f"""{CLIENT_FOLDER}
client=$(command -v mysql || command -v mariadb) || {{ echo 'mysql' >&2; exit 127; }}
limit 15 "$client" --defaults-extra-file="$1" --connect-timeout=10 -NB --execute="
select '=== variables';
show global variables where variable_name in ('require_secure_transport', 'validate_password.policy',
    'validate_password_policy', 'simple_password_check_minimal_length', 'cracklib_password_check_dictionary');
select '=== accounts';
select 'empty', count(*) from mysql.user where authentication_string = '' and host <> '' and user <> 'mariadb.sys'
    and plugin not in ('auth_socket', 'unix_socket', 'gssapi', 'pam', 'auth_pam', 'authentication_pam');
select 'remote', count(*) from mysql.user where user = 'root' and host = '%';
"
"""  # noqa: S608 - CLIENT_FOLDER is shell

DAMENG = f"""{CLIENT_FOLDER}
command -v disql >/dev/null || {{ echo 'disql' >&2; exit 127; }}
[ -r "$1" ] || {{ echo '=== unreadable'; exit 0; }}
IFS= read -r connection <"$1"
printf 'conn %s\\n%s' "$connection" "
set lineshow off heading off feedback off timing off pagesize 0 linesize 400
select '=== policy';
select para_name || ' ' || para_value from v\\$dm_ini where para_name in ('PWD_POLICY', 'ENABLE_AUDIT');
select '=== end';
exit;
" | limit 30 disql -L -S /nolog 2>&1
"""  # noqa: S608 - CLIENT_FOLDER is shell

POSTGRESQL = f"""{CLIENT_FOLDER}
command -v psql >/dev/null || {{ echo 'psql' >&2; exit 127; }}
PGPASSFILE=$5 PGCONNECT_TIMEOUT=10; export PGCONNECT_TIMEOUT
[ -z "$5" ] || export PGPASSFILE
asked=$(echo "show hba_file; show log_connections;" |
    limit 30 psql -XAtqw ${{1:+-h "$1"}} -p "$2" -U "$3" -d "$4") || exit
file=${{asked%%
*}}
echo '=== logged'
echo "${{asked#*
}}"
echo '=== rules'
if [ -r "$file" ]; then cat "$file"; else as_root cat "$file"; fi
"""
"""psql itself is not asked for the rules: before 16 only a superuser sees pg_hba_file_rules."""

REDIS = f"echo '=== ports'\n{ports.COMMAND}\necho '=== port'\necho \"$3\"\n{redis.COMMAND}"


class Logins(Facts):
    """empty: accounts without a password; remote: root from anywhere; checked, secure: what the server demands."""

    empty: int
    remote: int
    checked: bool
    secure: bool


class Policy(Facts):
    """DM8's two parameters."""

    policy: int
    audit: int


class Rules(Facts):
    """trust: rules that ask for nothing; logged: log_connections."""

    trust: int
    logged: bool


class Reach(Facts):
    """open: INFO is answered to anyone; everywhere: it listens on all addresses."""

    open: bool
    everywhere: bool


def _parse_logins(section: Section) -> Logins:
    if re.search(r"ERROR (1142|1143|1227)\b", section.err):
        raise NotTaken(Reason.PERMISSION, "巡检账号不能读 mysql.user；请授予 SELECT ON mysql.user")
    if "=== accounts" not in section.out:
        needs(recognised(section.err, mysql.FAULTS))
        raise ValueError(section.err)
    said = parts(section.out)
    counts = dict(line.split("\t") for line in said["accounts"].splitlines())
    set_to = dict(line.split("\t") for line in said["variables"].splitlines())
    secure = set_to.pop("require_secure_transport", "OFF")
    return Logins(
        empty=int(counts["empty"]), remote=int(counts["remote"]), checked=bool(set_to), secure=secure in ("ON", "1")
    )


def _logins(facts: Logins, look: Look[Logins], params: mysql.Params) -> Verdict:
    bad = facts.empty or facts.remote
    said = f"空口令账号 {facts.empty} 个，root@% {facts.remote} 个"
    said += f"，口令校验{_on(facts.checked)}，强制加密{_on(facts.secure)}"
    state = State.CRIT if bad else State.OK if facts.checked and facts.secure else State.WARN
    return Verdict(state, f"{said}；期望 0、0、启用、启用")


def _on(yes: bool) -> str:
    return "启用" if yes else "没有启用"


def _parse_policy(section: Section) -> Policy:
    if "=== policy" not in section.out:
        if "=== unreadable" in section.out:
            raise NotTaken(Reason.CONFIGURATION, "读不到主机上的达梦登录文件")
        needs(recognised(section.out, dameng.FAULTS))
        raise ValueError(section.out)
    said = dict(line.split() for line in parts(section.out)["policy"].splitlines() if len(line.split()) == 2)
    return Policy(policy=int(said["PWD_POLICY"]), audit=int(said["ENABLE_AUDIT"]))


_BITS = {2: "长度", 4: "大写字母", 8: "数字"}
"""Of PWD_POLICY: 1 not the account's name, 16 punctuation."""


def _policy(facts: Policy, look: Look[Policy], params: dameng.Params) -> Verdict:
    missing = [name for bit, name in _BITS.items() if not facts.policy & bit]
    met = (not missing, facts.audit > 0)
    said = f"PWD_POLICY {facts.policy}{'，缺 ' + '、'.join(missing) if missing else ''}，ENABLE_AUDIT {facts.audit}"
    state = State.OK if all(met) else State.WARN if any(met) else State.CRIT
    return Verdict(state, f"{said}；期望含长度、大写字母、数字，审计不为 0")


def _parse_rules(section: Section) -> Rules:
    if "=== rules" not in section.out:
        needs(recognised(section.err, postgresql.FAULTS))
        raise ValueError(section.err)
    said = parts(section.out)
    rules = [line.partition("#")[0].split() for line in said["rules"].splitlines()]
    if section.status or not any(rules):
        raise ValueError("no rules")
    return Rules(trust=sum("trust" in words[3:] for words in rules), logged=said["logged"] not in ("off", ""))


def _rules(facts: Rules, look: Look[Rules], params: postgresql.Params) -> Verdict:
    state = State.CRIT if facts.trust else State.OK if facts.logged else State.WARN
    return Verdict(state, f"trust 规则 {facts.trust} 条，log_connections {_on(facts.logged)}；期望 0 条、启用")


def _parse_reach(section: Section) -> Reach:
    said = parts(section.out)
    port = f"{int(said['port']):04X}"
    if f":{port}" not in said["ports"]:
        raise NotTaken(Reason.BLOCKED, "Redis 没有在合同写的端口监听")
    lock = redis.lock(section)
    return Reach(open=lock.open, everywhere=bool(re.search(rf" 0+:{port} ", said["ports"])))


def _reach(facts: Reach, look: Look[Reach], params: redis.Params) -> Verdict:
    said = "不用口令即可访问" if facts.open else "要口令"
    said += "，监听全部地址" if facts.everywhere else "，只监听指定的地址"
    state = State.CRIT if facts.open else State.WARN if facts.everywhere else State.OK
    return Verdict(state, f"{said}；期望要口令、只监听指定的地址")


CHECKS = (
    HostCheck("B28", CLAUSES["B28"].title, MYSQL, _parse_logins, _logins, Logins, mysql.Params, "mysql",
              mysql.arguments),
    HostCheck("B29", CLAUSES["B29"].title, DAMENG, _parse_policy, _policy, Policy, dameng.Params, "dameng",
              dameng.arguments),
    HostCheck("B30", CLAUSES["B30"].title, POSTGRESQL, _parse_rules, _rules, Rules, postgresql.Params, "postgresql",
              postgresql.arguments, private=True),
    HostCheck("B31", CLAUSES["B31"].title, REDIS, _parse_reach, _reach, Reach, redis.Params, "redis", redis.arguments),
)  # fmt: skip
