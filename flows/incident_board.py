"""故障清单 in the UI: what is open, until when what has to happen, and what could not be told to anybody."""

import asyncio
from datetime import datetime, timedelta

from prefect.artifacts import acreate_markdown_artifact

from checks.contract import Contract
from checks.notices import DELIVERY, attempts
from flows.incident_desk import Case, cases
from flows.office import Office, now
from tasks.report import escape

KEY = "incidents"
_LATELY = timedelta(days=7)


class Board:
    """Puts the list up where it differs from the one that hangs there: an artifact costs room in Prefect's database."""

    def __init__(self, office: Office) -> None:
        self._office, self._shown = office, ""

    async def show(self) -> None:
        """Put it up."""
        said = await asyncio.to_thread(board, self._office, now())
        if said != self._shown:
            await acreate_markdown_artifact(said, key=KEY, description="故障清单")
            self._shown = said


def board(office: Office, at: datetime) -> str:
    """The list as a page; the same as long as nothing has happened."""
    found = cases(office.ledger, office.contract)
    names = {system.id: system.name for system in office.contract.systems}
    going_on = [case for case in found if case.incident.is_open]
    ended = [
        case for case in found if case.incident.cleared_at and not case.incident.void
        and at - case.incident.cleared_at < _LATELY
    ]  # fmt: skip
    tried = attempts(office.ledger.events(DELIVERY))
    # By person: what one has been told, another may still be waiting for.
    delivered = {(notice, one.who) for one in tried if one.ok for notice in one.notices}
    unsent = {(notice, one.who) for one in tried if at - one.at < _LATELY for notice in one.notices} - delivered
    lines = ["# 故障清单", ""]
    lines += [line for case in going_on for line in _entry(case, names, office.contract, at)] or ["没有未解除的故障。"]
    if unsent:
        lines += ["", f"**有 {len(unsent)} 条通知没有送达**，正在重试；用 `xunjian notify-test` 查渠道。"]
    if ended:
        lines += [
            "",
            "## 七天内解除的",
            "",
            *(line for case in ended for line in _entry(case, names, office.contract, at)),
        ]
    return "\n".join([*lines, "", "登记来电用 `fault-call`，登记进展用 `incident-progress`。"])


def _entry(case: Case, names: dict[str, str], contract: Contract, at: datetime) -> list[str]:
    """One incident. A list and no table: the page cuts off what is wide, and the time limits would stand last."""
    one = case.incident
    what = one.symptoms[0].summary if one.symptoms else one.said
    more = f" 等 {len(one.symptoms)} 项" if len(one.symptoms) > 1 else ""
    limits = []
    for clock in case.clocks:
        due = clock.due(at)
        until = f"，至 {due.astimezone(contract.tz):%m-%d %H:%M}" if due and not clock.done else ""
        verdict = "超时" if clock.breached(at) else "按时" if clock.done else "进行中"
        limits.append(f"{clock.title}：{verdict}{until}")
    found_at = f"{one.discovered_at.astimezone(contract.tz):%m-%d %H:%M}"
    said = (f"{found_at} 发现：{what}{more}", *limits)
    head = f"### {escape(one.id)} {escape(names.get(one.system, one.system))}：{escape(one.state)}"
    return [head, "", *(f"- {escape(line)}" for line in said), ""]
