"""B01 账号唯一, B02 空口令, B04 口令更换: passwd(5), and shadow(5) without the passwords, which stay on the host."""

from collections import Counter

from pydantic import Field

from checks.clauses import CLAUSES
from checks.finding import State, Verdict
from checks.host_check import HostCheck, Look, Params, Section
from checks.host_policy import SHADOW, accounts, ageing, login_defs
from checks.services import parts
from checks.visit import Facts

NAMES = "cat /etc/passwd"

COMMAND = f"""\
echo '=== defs'
grep -s '^[[:space:]]*PASS_' /etc/login.defs
echo '=== shadow'
if [ -r /etc/shadow ]; then text=$(cat /etc/shadow); else text=$(as_root cat /etc/shadow); fi || exit
printf '%s\\n' "$text" | {SHADOW}"""
"""The last part decides how it ends: without the right to read it, all of it is not taken."""


class Ids(Facts):
    """Numbers that several accounts share; how many besides root are root."""

    total: int
    shared: tuple[int, ...]
    roots: int


class Passwords(Facts):
    """Of all accounts: how many need no password."""

    total: int
    empty: int


class MaxAge(Params):
    """Source: inspection-items, B04."""

    days: int = Field(90, ge=1, title="最长天数")


class Ages(Facts):
    """default: PASS_MAX_DAYS, None where it is not set; greatest: of each account that has a password, by masked
    name; None: its password does not age."""

    default: int | None
    greatest: tuple[tuple[str, int | None], ...]


def _parse_ids(section: Section) -> Ids:
    found = accounts(section.out)
    if not found:
        raise ValueError("no accounts")
    times = Counter(one.uid for one in found)
    shared = tuple(sorted(uid for uid, many in times.items() if many > 1))
    return Ids(total=len(found), shared=shared, roots=sum(one.uid == 0 and one.name != "root" for one in found))


def _ids(facts: Ids, look: Look[Ids], params: Params) -> Verdict:
    faults = []
    if facts.roots:
        faults.append(f"除 root 外有 {facts.roots} 个 UID 为 0 的账号，期望没有")
    if facts.shared:
        faults.append(f"UID {'、'.join(map(str, facts.shared))} 有几个账号共用，期望各不相同")
    if faults:
        return Verdict(State.CRIT, "；".join(faults))
    return Verdict(State.OK, f"{facts.total} 个账号的 UID 各不相同，只有 root 是 0")


def _parse_passwords(section: Section) -> Passwords:
    found = ageing(parts(section.out)["shadow"])
    if section.status or not found:
        raise ValueError("no shadow")
    return Passwords(total=len(found), empty=sum(one.password == "empty" for one in found))  # noqa: S105


def _passwords(facts: Passwords, look: Look[Passwords], params: Params) -> Verdict:
    state = State.CRIT if facts.empty else State.OK
    return Verdict(state, f"{facts.total} 个账号里空口令的 {facts.empty} 个，期望 0 个")


def _parse_ages(section: Section) -> Ages:
    said = parts(section.out)
    found = ageing(said["shadow"])
    if section.status or not found:
        raise ValueError("no shadow")
    default = login_defs(said["defs"]).get("PASS_MAX_DAYS")
    held = tuple((f"{one.name[:2]}*", one.greatest) for one in found if one.password == "set")  # noqa: S105
    return Ages(default=int(default) if default else None, greatest=held)


def _ages(facts: Ages, look: Look[Ages], params: MaxAge) -> Verdict:
    """The default is for accounts to come, each account's own for those that are there."""
    old = [name for name, days in facts.greatest if not days or not 0 < days <= params.days]
    default = facts.default is not None and 0 < facts.default <= params.days
    said = f"PASS_MAX_DAYS {'没有设' if facts.default is None else facts.default}"
    said += f"；有口令的账号 {len(facts.greatest)} 个，超过的 {len(old)} 个{f'（{old[0]} 等）' if old else ''}"
    state = State.OK if default and not old else State.WARN if default or not old else State.CRIT
    return Verdict(state, f"{said}，期望都不超过 {params.days} 天")


CHECKS = (
    HostCheck("B01", CLAUSES["B01"].title, NAMES, _parse_ids, _ids, Ids, Params, private=True, at_once=True),
    HostCheck("B02", CLAUSES["B02"].title, COMMAND, _parse_passwords, _passwords, Passwords, Params, private=True),
    HostCheck("B04", CLAUSES["B04"].title, COMMAND, _parse_ages, _ages, Ages, MaxAge, private=True),
)
