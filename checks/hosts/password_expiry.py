"""OS22 口令到期: in how many days the password or the account of someone who can log in expires."""

from collections.abc import Iterator

from pydantic import Field

from checks.finding import State, Verdict
from checks.host_check import Falling, HostCheck, Look, Section
from checks.visit import Facts

COMMAND = """\
cut -d: -f1,7 /etc/passwd
echo ::
if [ -r /etc/shadow ]; then cut -d: -f1,3,5,8 /etc/shadow; else as_root cut -d: -f1,3,5,8 /etc/shadow; fi"""
"""Name and shell; name, last change, greatest age, expiry of the account. Never field 2, the password."""

NEVER = 99999
"""The greatest age that means none (login.defs)."""

ON_PURPOSE = 30
"""An account that expired more days ago than this is taken to have been closed."""

_NO_LOGIN = ("nologin", "false", "sync", "shutdown", "halt")


class ExpiryParams(Falling):
    """Days left. Source: inspection-items, OS22: 14, and 0 or less."""

    warn: float = Field(14, title="告警（少于多少天）")
    crit: float = Field(1, title="严重（少于多少天）")


class Account(Facts):
    """One that can log in and that expires. `name` is masked: who needs to know can look on the host. Days since
    1970-01-01, UTC; None: never."""

    name: str
    password_ends: int | None
    account_ends: int | None


class Accounts(Facts):
    """How many can log in, and those of them that expire."""

    total: int
    expiring: tuple[Account, ...] = ()


def parse(section: Section) -> Accounts:
    """shadow(5): days since 1970; last change 0: must be changed at the next login; empty: does not age."""
    passwd, mark, shadow = section.out.partition("\n::\n")
    if section.status or not mark or not shadow.strip():
        raise ValueError("no accounts")
    shells = [line.rpartition(":")[::2] for line in passwd.splitlines()]
    users = {name for name, shell in shells if shell.rpartition("/")[2] not in _NO_LOGIN}
    return Accounts(total=len(users), expiring=tuple(_expiring(shadow, users)))


def _expiring(shadow: str, users: set[str]) -> Iterator[Account]:
    for line in shadow.splitlines():
        name, changed, age, expires = line.split(":")
        ages = changed and age and 0 <= int(age) < NEVER
        password = (int(changed) and int(changed) + int(age)) if ages else None
        account = int(expires) if expires else None
        if name in users and (password is not None or account is not None):
            yield Account(name=f"{name[:2]}*", password_ends=password, account_ends=account)


def evaluate(accounts: Accounts, look: Look[Accounts], params: ExpiryParams) -> Verdict:
    """What expires soonest decides."""
    today = int(look.now.timestamp() // 86400)
    lefts = []
    for one in accounts.expiring:
        if one.account_ends is not None and one.account_ends < today - ON_PURPOSE:
            continue
        lefts += [
            (end - today, what, one.name)
            for end, what in ((one.password_ends, "口令"), (one.account_ends, "账号"))
            if end is not None
        ]
    if not lefts:
        return Verdict(State.OK, f"{accounts.total} 个可登录账号，口令不过期")
    left, what, name = min(lefts)
    others = sum(days < params.warn for days, _, _ in lefts) - 1
    more = f"；另有 {others} 项" if others > 0 else ""
    said = f"还有 {left} 天到期" if left > 0 else "已到期"
    return Verdict(params.state(left), f"{name} 的{what}{said}，期望不少于 {params.warn:g} 天{more}")


CHECK = HostCheck("OS22", "口令到期", COMMAND, parse, evaluate, Accounts, ExpiryParams, private=True, at_once=True)
