"""B07 登录超时, B09 SSH 算法, B11 默认账号, B19 管理来源: what holds by `sshd -T`, and what belongs to it.

sshd reads host keys, so it wants root. Before 8.2 it wanted to know for whom where the file has Match blocks.
"""

import re

from pydantic import Field

from checks.clauses import CLAUSES
from checks.finding import State, Verdict
from checks.host_check import HostCheck, Look, Params, Section
from checks.host_policy import accounts, sshd, weak
from checks.services import parts
from checks.visit import Facts

COMMAND = """\
echo '=== tmout'
grep -shE '^[^#]*TMOUT=' /etc/profile /etc/profile.d/*.sh /etc/bash.bashrc /etc/bashrc
echo '=== passwd'
cat /etc/passwd
echo '=== allowed'
grep -shiE '^[[:space:]]*(sshd|all)[[:space:]]*:' /etc/hosts.allow /etc/hosts.deny
echo '=== firewall'
{ as_root nft list ruleset || as_root iptables -S INPUT; } 2>/dev/null | grep -iE 'dport[^a-z]*(22|ssh)\\b'
echo '=== sshd'
as_root sshd -T || as_root sshd -T -C user=root,host=localhost,addr=127.0.0.1"""
"""The last part decides how it ends. B19 needs the firewall's rules only where sshd itself names no source."""


class Idle(Params):
    """Source: inspection-items, B07."""

    seconds: int = Field(900, ge=1, title="最长空闲（秒）")


class Timeouts(Facts):
    """Seconds; 0: none."""

    shell: int
    ssh: int


class Algorithms(Facts):
    """Those that no longer hold, by sshd's keyword."""

    weak: dict[str, tuple[str, ...]]


class DefaultAccounts(Params):
    """Source: inspection-items, B11."""

    allowed: tuple[str, ...] = Field((), title="可以登录的系统账号", description="如 postgres；写明就不算")
    below: int = Field(1000, ge=1, title="系统账号的 UID 小于")


class Doors(Facts):
    """root: as sshd says; accounts: of the system, that have a shell."""

    root: str
    accounts: tuple[str, ...]


class Sources(Facts):
    """From where one may log in: what restricts it, in words; "" where nothing does."""

    by: str


def _sshd(section: Section) -> dict[str, tuple[str, ...]]:
    return sshd(parts(section.out)["sshd"])


def _parse_idle(section: Section) -> Timeouts:
    said = _sshd(section)
    found = [int(one) for one in re.findall(r"TMOUT=\"?(\d+)", parts(section.out)["tmout"])]
    return Timeouts(shell=found[-1] if found else 0, ssh=int(said["clientaliveinterval"][0]))


def _idle(facts: Timeouts, look: Look[Timeouts], params: Idle) -> Verdict:
    met = (0 < facts.shell <= params.seconds, facts.ssh > 0)
    said = f"TMOUT {facts.shell or '没有设'}，ClientAliveInterval {facts.ssh}"
    state = State.OK if all(met) else State.WARN if any(met) else State.CRIT
    return Verdict(state, f"{said}，期望 TMOUT 1–{params.seconds}、ClientAliveInterval 大于 0")


_LISTS = {"ciphers": "加密", "macs": "校验", "kexalgorithms": "密钥交换"}


def _parse_algorithms(section: Section) -> Algorithms:
    said = _sshd(section)
    return Algorithms(weak={name: found for name in _LISTS if (found := weak(name, said[name][0].split(",")))})


def _algorithms(facts: Algorithms, look: Look[Algorithms], params: Params) -> Verdict:
    if not facts.weak:
        return Verdict(State.OK, "加密、校验、密钥交换里没有弱算法，期望如此")
    said = "；".join(f"{_LISTS[name]} {'、'.join(found)}" for name, found in facts.weak.items())
    return Verdict(State.CRIT, f"有弱算法：{said}，期望没有")


def _parse_doors(section: Section) -> Doors:
    root = _sshd(section)["permitrootlogin"][0]
    known = accounts(parts(section.out)["passwd"])
    # Whether an account may is the contract's word, so that all of them stand in the facts.
    return Doors(root=root, accounts=tuple(f"{one.name}:{one.uid}" for one in known if one.uid and one.logs_in))


def _doors(facts: Doors, look: Look[Doors], params: DefaultAccounts) -> Verdict:
    named = [one.rpartition(":")[::2] for one in facts.accounts]
    open_ones = [name for name, uid in named if int(uid) < params.below and name not in params.allowed]
    said = f"PermitRootLogin {facts.root}，能登录的系统账号 {'、'.join(open_ones) or '没有'}"
    state = State.CRIT if facts.root == "yes" else State.WARN if facts.root != "no" or open_ones else State.OK
    return Verdict(state, f"{said}；期望 no、没有")


def _parse_sources(section: Section) -> Sources:
    said, told = parts(section.out), _sshd(section)
    allowed = " ".join(told.get("allowusers", ())).split()
    if allowed and all("@" in one for one in allowed):
        return Sources(by="AllowUsers 都带来源")
    wrapped = [line.lower() for line in said["allowed"].splitlines()]
    if any(re.match(r"\s*(sshd|all)\s*:\s*all\b", line) for line in wrapped) and len(wrapped) > 1:
        return Sources(by="hosts.allow 限定来源")
    if rules := [line for line in said["firewall"].splitlines() if re.search(r"saddr|\s-s\s", line)]:
        return Sources(by=f"防火墙有 {len(rules)} 条限定来源的规则")
    return Sources(by="")


def _sources(facts: Sources, look: Look[Sources], params: Params) -> Verdict:
    if facts.by:
        return Verdict(State.OK, f"{facts.by}，期望限定管理来源")
    return Verdict(State.CRIT, "AllowUsers 没有带来源，hosts.allow 和看得到的防火墙规则也没有限定，期望限定管理来源")


CHECKS = (
    HostCheck("B07", CLAUSES["B07"].title, COMMAND, _parse_idle, _idle, Timeouts, Idle, private=True),
    HostCheck("B09", CLAUSES["B09"].title, COMMAND, _parse_algorithms, _algorithms, Algorithms, Params, private=True),
    HostCheck("B11", CLAUSES["B11"].title, COMMAND, _parse_doors, _doors, Doors, DefaultAccounts, private=True),
    HostCheck("B19", CLAUSES["B19"].title, COMMAND, _parse_sources, _sources, Sources, Params, private=True),
)
