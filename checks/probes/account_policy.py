"""口令与锁定策略: what a host demands of passwords, and when it locks an account (inspection-items, B03–B06).

The policy is read; no password is ever tried.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pydantic import Field

from checks import host_policy
from checks.finding import Reason, State, Verdict
from checks.host_check import NotTaken, Section
from checks.probe_script import told
from checks.safe_probe import Kind, OnHost, ProbeParams, SafeProbe, Target, Vantage

COMMAND = f"""\
shown() {{ echo "@ $1"; shift; for file in "$@"; do if [ -r "$file" ]; then cat "$file"; echo; fi; done; }}
shown quality /etc/security/pwquality.conf /etc/security/pwquality.conf.d/*.conf
shown lock /etc/security/faillock.conf
shown history /etc/security/pwhistory.conf
shown defs /etc/login.defs
shown passwd /etc/passwd
echo "@ pam"
for file in {" ".join(host_policy.PAM_FILES)}; do if [ -r "$file" ]; then grep -H '' "$file"; fi; done
echo "@ shadow"
if [ "$1" = ageing ]; then
    if [ -r /etc/shadow ]; then {host_policy.SHADOW}; else as_root {host_policy.SHADOW}; fi
fi
"""


class AccountPolicy(ProbeParams):
    """Which parts, and how strict. Defaults: inspection-items, B03–B06."""

    parts: str = Field(
        "complexity,ageing,history,lockout",
        pattern=r"^(complexity|ageing|history|lockout)(,(complexity|ageing|history|lockout))*$",
        title="看哪些",
        description="复杂度 complexity、更换 ageing、历史 history、锁定 lockout，用逗号分开",
    )
    minlen: int = Field(8, ge=1, le=128, title="口令最短位数")
    classes: int = Field(3, ge=1, le=4, title="字符种类至少")
    max_days: int = Field(90, ge=1, le=9999, title="口令最长天数")
    remember: int = Field(5, ge=1, le=400, title="历史口令至少记几个")
    deny: int = Field(5, ge=1, le=100, title="失败几次以内锁定")
    unlock: int = Field(300, ge=1, le=86400, title="锁定至少多少秒")


class Part(NamedTuple):
    """What one part of the policy is, in words, and whether it is as it should be."""

    words: str
    good: bool


def _ask(_: Target, params: AccountPolicy) -> Sequence[OnHost]:
    return [OnHost(COMMAND, ("ageing" if "ageing" in params.parts else "",))]


def _parse(section: Section) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    name = ""
    for line in section.out.splitlines():
        if line.startswith("@ "):
            name = line[2:]
            found[name] = []
        elif name:
            found[name].append(line)
    if section.status or set(found) != {"quality", "lock", "history", "defs", "passwd", "pam", "shadow"}:
        raise ValueError("not our marks")
    return {key: "\n".join(lines) for key, lines in found.items()}


def _parts(text: Mapping[str, str], params: AccountPolicy) -> Iterator[Part]:
    rules = host_policy.pam(text["pam"])
    wanted = params.parts.split(",")
    if not rules and set(wanted) != {"ageing"}:
        raise NotTaken(Reason.UNSUPPORTED, "主机上读不到 PAM 配置（/etc/pam.d），口令策略无从判断")
    if "complexity" in wanted:
        quality = host_policy.quality(rules, host_policy.settings(text["quality"]))
        said = f"口令至少 {quality.length} 位 {quality.classes} 种字符" if quality else "不查口令复杂度"
        good = quality is not None and quality.length >= params.minlen and quality.classes >= params.classes
        yield Part(f"{said}（应 {params.minlen} 位 {params.classes} 种）", good)
    if "ageing" in wanted:
        yield _ageing(text, params)
    if "history" in wanted:
        count = host_policy.remembered(rules, host_policy.settings(text["history"]))
        yield Part(f"记 {count} 个历史口令（应至少 {params.remember} 个）", count >= params.remember)
    if "lockout" in wanted:
        lock = host_policy.lockout(rules, host_policy.settings(text["lock"]))
        until = f"{lock.unlock} 秒" if lock and lock.unlock else "到人工解锁"
        said = f"失败 {lock.deny} 次锁定 {until}" if lock else "失败不锁定"
        good = lock is not None and 0 < lock.deny <= params.deny and (not lock.unlock or lock.unlock >= params.unlock)
        yield Part(f"{said}（应 {params.deny} 次以内，{params.unlock} 秒以上）", good)


def _ageing(text: Mapping[str, str], params: AccountPolicy) -> Part:
    """For new accounts, and for each that has a password and a shell."""
    general = host_policy.login_defs(text["defs"]).get("PASS_MAX_DAYS", str(host_policy.NEVER))
    people = {one.name for one in host_policy.accounts(text["passwd"]) if one.logs_in}
    ageing = host_policy.ageing(text["shadow"])
    if not ageing:
        raise ValueError("no accounts")
    mine = [one for one in ageing if one.name in people and one.password == "set"]  # noqa: S105
    over = sum(one.greatest is None or not 0 < one.greatest <= params.max_days for one in mine)
    said = f"新账号口令最长 {general} 天，{len(mine)} 个可登录账号中 {over} 个超期限（应 {params.max_days} 天以内）"
    return Part(said, not over and 0 < int(general) <= params.max_days)


def _judge(replies: Sequence[Section], params: AccountPolicy) -> Verdict:
    parts = told(replies[0], lambda section: list(_parts(_parse(section), params)))
    bad = [part for part in parts if not part.good]
    state = State.OK if not bad else State.CRIT if len(bad) == len(parts) else State.WARN
    return Verdict(state, "；".join(part.words for part in bad or parts))


CHECK = SafeProbe(
    id="account-policy",
    title="口令与锁定策略",
    version=1,
    vantages=frozenset({Vantage.HOST}),
    kind=Kind.HOST,
    params=AccountPolicy,
    ask=_ask,
    judge=_judge,
    sends="登录主机，读 PAM、pwquality、faillock、login.defs 的配置和各账号口令的期限；不读、不猜口令",
    passes="各部分（复杂度、更换、历史、锁定）都不松于参数",
    remedy="备份 `cp -a /etc/pam.d /etc/security /etc/login.defs 备份目录/`；pwquality.conf 设 `minlen = 8`、"
    "`minclass = 3`，PAM 里启用 pam_pwquality、pam_pwhistory（`remember=5`）、"
    "pam_faillock（`deny=5 unlock_time=300`），login.defs 设 `PASS_MAX_DAYS 90`，已有账号 `chage -M 90 账号`；"
    "留一个 root 会话，另开一个试登录。退回：把备份的文件复制回原处，`chage -M 原天数 账号`。",
    classes=("弱口令", "口令策略", "口令复杂度", "登录失败锁定", "口令有效期"),
    private=True,
)
