"""`xunjian incident …`: what is known of faults, and what people enter of them, from the shell. Clause 七2(6)."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows import console
from flows.clearly import (
    CONTRACT,
    ContractDir,
    Format,
    FormatOption,
    Number,
    Who,
    Why,
    at_desk,
    by,
)
from flows.exit_codes import FINE, PROBLEMS

if TYPE_CHECKING:
    from flows.clearly import Desk
    from flows.incident_desk import Case

app = typer.Typer(help="故障：清单、经过和时限，登记来电与进展。", no_args_is_help=True)

At = Annotated[str, typer.Option("--at", metavar="时间", help="2026-11-23 09:05 或 09:05（今天）；不写就是现在")]


@app.command("list", epilog="例：xunjian incident list　　xunjian incident list --all --format json")
def listed(
    every: Annotated[bool, typer.Option("--all", help="也列出已解除和作废的")] = False,
    form: FormatOption = Format.TEXT,
    contract: ContractDir = CONTRACT,
) -> None:
    """故障清单：未解除的故障、状态和各项时限，还剩多少时间。有超时的退出码为 1。"""
    from flows.incident_desk import cases

    with at_desk(contract) as desk:
        found = [one for one in cases(desk.ledger, desk.contract) if every or one.incident.is_open]
        if form is Format.JSON:
            typer.echo(json.dumps([_as_json(case, desk) for case in found], ensure_ascii=False, indent=1))
        else:
            rows = [_row(case, desk) for case in found]
            nothing = "没有登记过故障" if every else "没有未解除的故障；已解除的用 --all 列出"
            console.listing(f"故障 {len(found)} 个", ["故障", "现象", "时限"], rows, nothing)
        late = any(clock.breached(desk.now) for case in found for clock in _clocks(case))
        raise typer.Exit(PROBLEMS if late else FINE)


def _row(case: "Case", desk: "Desk") -> list[str]:
    one = case.incident
    what = one.symptoms[0].summary if one.symptoms else f"来电：{one.said}"
    more = f"（等 {len(one.symptoms)} 项）" if len(one.symptoms) > 1 else ""
    found = desk.there(one.discovered_at, "%m-%d %H:%M")
    name = _system(one.system, desk)
    return [f"{one.id}\n{one.state}\n{found} 发现", f"{name}\n{what}{more}", "\n".join(_clock_lines(case, desk))]


def _as_json(case: "Case", desk: "Desk") -> dict[str, Any]:
    one = case.incident
    return {
        "id": one.id,
        "system": one.system,
        "state": one.state,
        "discovered_at": one.discovered_at.isoformat(),
        "clocks": {
            clock.name: {
                "spent": clock.spent(desk.now).total_seconds(),
                "limit": clock.limit.total_seconds(),
                "done": clock.done is not None,
                "breached": clock.breached(desk.now),
            }
            for clock in _clocks(case)
        },
    }


def _clocks(case: "Case") -> tuple[Any, ...]:
    """What was no incident has no deadlines."""
    return () if case.incident.void else case.clocks


def _clock_lines(case: "Case", desk: "Desk") -> list[str]:
    from checks.clocks import duration

    return [f"{one.title} {duration(one.limit)}：{one.stands(desk.now)}" for one in _clocks(case)]


def _system(name: str, desk: "Desk") -> str:
    """A system as people know it; its id alone where the contract no longer has it."""
    return next((one.name for one in desk.contract.systems if one.id == name), name)


@app.command("show", epilog="例：xunjian incident show G-2026-0007")
def show(number: Number, contract: ContractDir = CONTRACT) -> None:
    """一个故障的经过：每一步的时间、登记人和事件号，通知的送达情况，各项时限。"""
    from checks.incidents import INCIDENT
    from checks.notices import DELIVERY
    from flows.incident_desk import cases, find, said

    with at_desk(contract) as desk:
        case = find(cases(desk.ledger, desk.contract), number)
        number = case.incident.id
        steps = [one for one in desk.ledger.events(INCIDENT) if one.subject == number]
        sent = [one for one in desk.ledger.events(DELIVERY)
                if any(notice.startswith(f"{number}/") for notice in one.body["notices"])]  # fmt: skip
        corrected = {one.corrects for one in steps}
        console.say(f"{number}　{_system(case.incident.system, desk)}　{case.incident.state}")
        for one in sorted((*steps, *sent), key=lambda one: (one.at, one.id)):
            if one.kind == INCIDENT:
                what = said(one) + ("（已更正，不算）" if one.id in corrected else "")
            else:
                what = f"通知{one.why}，渠道 {one.body['channel']}：{one.body['answer']}"
            console.say(f"  {desk.there(one.at, '%m-%d %H:%M:%S')}  第 {one.id} 号  {what}（{one.who}）")
        for line in _clock_lines(case, desk):
            console.say(f"  {line}")


@app.command("call", epilog="例：xunjian incident call oa --who 值班员 --why 用户说打不开待办 --at 09:05")
def call(
    system: Annotated[str, typer.Argument(metavar="系统")],
    who: Who,
    why: Why,
    at: At = "",
    down: Annotated[bool, typer.Option("--down", help="整个系统不可用，计入停机")] = False,
    contract: ContractDir = CONTRACT,
) -> None:
    """登记来电：用户报告故障。已有未解除的故障就记在那个故障上。"""
    from flows import incident_desk

    with at_desk(contract) as desk:
        told = incident_desk.call(desk.ledger, desk.contract, system, desk.at(at), by(who, why), desk.now, down=down)
        console.say(f"已登记{told}")


@app.command("step", epilog="例：xunjian incident step G-2026-0007 响应 --who 驻场工程师 --why 正在查数据库 --at 09:20")
def step(
    number: Number,
    what: Annotated[str, typer.Argument(metavar="进展", help="接报、响应等，见上")],
    who: Who,
    why: Why,
    at: At = "",
    corrects: Annotated[int, typer.Option("--corrects", metavar="事件号", help="更正登记错的那一条")] = 0,
    contract: ContractDir = CONTRACT,
) -> None:
    """登记进展：接报、响应、派工二线、移交第三方、第三方交回、恢复、解除、作废。登记后不能删改，错了就更正。"""
    from checks.entries import BY_HAND
    from checks.slots import RequestError
    from flows import incident_desk

    with at_desk(contract) as desk:
        steps = {one.label: one for one in BY_HAND}
        if what not in steps:
            raise RequestError(f"没有进展“{what}”；可选：{'、'.join(steps)}")
        told = incident_desk.step(desk.ledger, number, steps[what], desk.at(at), by(who, why), desk.now, corrects)
        console.say(f"已登记{told}")
