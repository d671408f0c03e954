"""OS16 端口: which TCP ports are listened on."""

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from checks.finding import State, Verdict
from checks.host_check import HostCheck, Look, Params, Section
from checks.visit import Facts

COMMAND = "grep -sh -e '^ *sl ' -e ' 0A ' /proc/net/tcp /proc/net/tcp6"
"""Not ss, which differs between versions (no -H before iproute 4.12) and is missing on BusyBox: the kernel's own
table, the same everywhere. State 0A is LISTEN; the headers tell that the table could be read; tcp6 may be absent."""

Port = Annotated[int, Field(ge=1, le=65535)]


class PortParams(Params):
    """Which ports are due. Source: inspection-items, OS16."""

    expected: tuple[Port, ...] = Field((), title="应监听的端口")
    allowed: tuple[Port, ...] = Field((), title="允许监听的端口", description="不在这两张单子里、对外监听的算告警")


class Listening(Facts):
    """TCP ports, in order: `public` on some address that others reach, `local` on the loopback only."""

    public: tuple[Port, ...]
    local: tuple[Port, ...]


_LOOPBACK = re.compile(r"[0-9A-F]{6}7F|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F")
"""127/8, ::1 and ::ffff:127/8; each 32-bit word is in the host's order, which is little-endian on all of ours."""


def parse(section: Section) -> Listening:
    """Lines of /proc/net/tcp: `sl local_address rem_address st …`, address and port in hexadecimal."""
    rows = [line.split() for line in section.out.splitlines()]
    if not any(row[:2] == ["sl", "local_address"] for row in rows):
        raise ValueError("no table")
    public, local = set[int](), set[int]()
    for row in rows:
        if row[3:4] == ["0A"]:
            address, _, port = row[1].partition(":")
            (local if _LOOPBACK.fullmatch(address) else public).add(int(port, 16))
    return Listening(public=tuple(sorted(public)), local=tuple(sorted(local - public)))


def _list(ports: Iterable[Port]) -> str:
    return "、".join(map(str, sorted(ports)))


def evaluate(now: Listening, look: Look[Listening], params: PortParams) -> Verdict:
    """Against the contract's lists; without any, against the last inspection."""
    if missing := set(params.expected) - {*now.public, *now.local}:
        return Verdict(State.CRIT, f"端口 {_list(missing)} 没有监听，期望监听 {_list(params.expected)}")
    known = {*params.expected, *params.allowed}
    if known:
        if extra := set(now.public) - known:
            return Verdict(State.WARN, f"多出端口 {_list(extra)}，期望只有 {_list(known)}")
        return Verdict(State.OK, f"监听 {_list(now.public) or '无'}，没有清单以外的端口")
    if look.last is None:
        return Verdict(State.OK, f"首次巡检，作为基线：对外监听 {_list(now.public) or '无'}")
    if new := set(now.public) - set(look.last.facts.public):
        return Verdict(State.WARN, f"新增端口 {_list(new)}，期望与上次巡检相同")
    return Verdict(State.OK, f"对外监听 {_list(now.public) or '无'}，没有比上次多")


CHECK = HostCheck("OS16", "端口", COMMAND, parse, evaluate, Listening, PortParams, at_once=True)
