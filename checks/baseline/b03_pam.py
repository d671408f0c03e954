"""B03 口令复杂度, B05 口令历史, B06 登录失败锁定: what PAM demands; `checks.host_policy` knows whose defaults hold."""

from pydantic import Field

from checks.clauses import CLAUSES
from checks.finding import Reason, State, Verdict
from checks.host_check import HostCheck, Look, NotTaken, Params, Section
from checks.host_policy import PAM_FILES, Rule, lockout, pam, quality, remembered, settings
from checks.services import Parts, parts
from checks.visit import Facts

COMMAND = f"""\
echo '=== pam'
grep -sH '' {" ".join(PAM_FILES)}
for name in pwquality faillock pwhistory; do
    echo "=== $name"
    cat "/etc/security/$name.conf" "/etc/security/$name.conf.d/"*.conf 2>/dev/null
done
return 0"""


class Wanted(Params):
    """Source: inspection-items, B03."""

    length: int = Field(8, ge=1, title="至少几位")
    classes: int = Field(3, ge=0, le=4, title="至少几类字符")


class Remembering(Params):
    """Source: inspection-items, B05."""

    remember: int = Field(5, ge=1, title="至少记住几个")


class Locking(Params):
    """Source: inspection-items, B06."""

    deny: int = Field(5, ge=1, title="最多几次")
    unlock: int = Field(300, ge=1, title="至少锁几秒")


class Demanded(Facts):
    """Of a new password; module "": nobody demands anything."""

    module: str = ""
    length: int = 0
    classes: int = 0


class Remembered(Facts):
    """How many earlier passwords are refused."""

    count: int


class Locked(Facts):
    """After how many failures, and for how many seconds (0: until somebody unlocks); module "": never."""

    module: str = ""
    deny: int = 0
    unlock: int = 0


def _read(section: Section) -> tuple[Parts, tuple[Rule, ...]]:
    said = parts(section.out)
    rules = pam(said["pam"])
    if not rules:
        raise NotTaken(Reason.UNSUPPORTED, "没有 PAM 的配置（/etc/pam.d 里没有看得懂的行）")
    return said, rules


def _parse_quality(section: Section) -> Demanded:
    said, rules = _read(section)
    found = quality(rules, settings(said["pwquality"]))
    return Demanded(module=found.module, length=found.length, classes=found.classes) if found else Demanded()


def _quality(facts: Demanded, look: Look[Demanded], params: Wanted) -> Verdict:
    wanted = f"期望至少 {params.length} 位、{params.classes} 类"
    if not facts.module:
        return Verdict(State.CRIT, f"PAM 没有启用口令复杂度，{wanted}")
    said = f"{facts.module} 要求至少 {facts.length} 位、{facts.classes} 类，{wanted}"
    met = (facts.length >= params.length, facts.classes >= params.classes)
    return Verdict(State.OK if all(met) else State.WARN if any(met) else State.CRIT, said)


def _parse_history(section: Section) -> Remembered:
    said, rules = _read(section)
    return Remembered(count=remembered(rules, settings(said["pwhistory"])))


def _history(facts: Remembered, look: Look[Remembered], params: Remembering) -> Verdict:
    state = State.OK if facts.count >= params.remember else State.WARN if facts.count else State.CRIT
    return Verdict(state, f"记住 {facts.count} 个旧口令，期望至少 {params.remember} 个")


def _parse_lock(section: Section) -> Locked:
    said, rules = _read(section)
    found = lockout(rules, settings(said["faillock"]))
    return Locked(module=found.module, deny=found.deny, unlock=found.unlock) if found else Locked()


def _lock(facts: Locked, look: Look[Locked], params: Locking) -> Verdict:
    wanted = f"期望 {params.deny} 次以内、至少 {params.unlock} 秒"
    if not facts.module or not facts.deny:
        return Verdict(State.CRIT, f"登录失败不锁定，{wanted}")
    long = f" {facts.unlock} 秒" if facts.unlock else "直到人工解锁"
    met = (facts.deny <= params.deny, not facts.unlock or facts.unlock >= params.unlock)
    said = f"{facts.module} 失败 {facts.deny} 次锁定{long}，{wanted}"
    return Verdict(State.OK if all(met) else State.WARN if any(met) else State.CRIT, said)


CHECKS = (
    HostCheck("B03", CLAUSES["B03"].title, COMMAND, _parse_quality, _quality, Demanded, Wanted, at_once=True),
    HostCheck("B05", CLAUSES["B05"].title, COMMAND, _parse_history, _history, Remembered, Remembering, at_once=True),
    HostCheck("B06", CLAUSES["B06"].title, COMMAND, _parse_lock, _lock, Locked, Locking, at_once=True),
)
