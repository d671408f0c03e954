"""`xunjian downtime …`, `xunjian support …`: planned downtime and support periods, from the shell.

Clause 七2(2); Annex 4, 特殊时段保障.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from flows import console
from flows.clearly import CONTRACT, ContractDir, Number, Who, Why, at_desk, by

if TYPE_CHECKING:
    from datetime import datetime

    from checks.downtime import SupportPeriod, Window
    from flows.clearly import Desk

downtime_app = typer.Typer(help="计划内停机：申请、批准、补签、取消。", no_args_is_help=True)
support_app = typer.Typer(help="重保：登记、保障计划、取消。", no_args_is_help=True)

Systems = Annotated[list[str], typer.Option("--system", metavar="编号", help="哪个系统，可写多次")]
From = Annotated[str, typer.Option("--from", metavar="时间", help="起，2026-11-22 20:00")]
To = Annotated[str, typer.Option("--to", metavar="时间", help="止；超过的计入停机")]
Document = Annotated[str, typer.Option("--document", metavar="文件", help="依据文件的名称和文号")]


@downtime_app.command("list", epilog="例：xunjian downtime list")
def downtime_list(contract: ContractDir = CONTRACT) -> None:
    """登记过的停机，和每一次算不算计划内。"""
    from checks.downtime import DOWNTIME, windows

    with at_desk(contract) as desk:
        rows = [[*_what(one, desk), one.state(desk.now), one.why] for one in windows(desk.ledger.events(DOWNTIME))]
        console.listing("计划内停机", ["编号", "系统", "起止", "状态", "原因"], rows, "没有登记过停机")


@support_app.command("list", epilog="例：xunjian support list")
def support_list(contract: ContractDir = CONTRACT) -> None:
    """登记过的重保，和保障计划是不是在开始之前就有。"""
    from checks.downtime import SUPPORT, support_periods

    with at_desk(contract) as desk:
        rows = [
            [*_what(one, desk), "重要" if one.important else "一般", one.plan, one.name]
            for one in support_periods(desk.ledger.events(SUPPORT))
        ]
        console.listing("重保", ["编号", "系统", "起止", "等级", "保障计划", "名称"], rows, "没有登记过重保")


def _what(one: "Window | SupportPeriod", desk: "Desk") -> list[str]:
    return [one.id, "、".join(one.systems), f"{desk.there(one.start)}\n{desk.there(one.end)}"]


@downtime_app.command(
    "request",
    epilog="例：xunjian downtime request --system oa --from '2026-11-22 20:00' --to '2026-11-22 22:00'"
    " --who 驻场工程师 --why 升级",
)
def downtime_request(
    system: Systems, start: From, end: To, who: Who, why: Why, contract: ContractDir = CONTRACT
) -> None:
    """申请停机。开始之前批准的才不计停机。"""
    from checks import entries
    from flows import incident_desk

    with at_desk(contract) as desk:
        entry = entries.downtime(desk.contract, system, *_span(desk, start, end), by(who, why), desk.now)
        console.say(f"已登记{incident_desk.enter(desk.ledger, entry, desk.now)}")


@support_app.command(
    "announce",
    epilog="例：xunjian support announce 国庆保障 --system oa --from '2027-10-01 00:00' --to '2027-10-08 00:00'"
    " --who 驻场工程师 --why 通知",
)
def support_announce(
    name: Annotated[str, typer.Argument(metavar="名称")],
    system: Systems,
    start: From,
    end: Annotated[str, typer.Option("--to", metavar="时间", help="止")],
    who: Who,
    why: Why,
    important: Annotated[bool, typer.Option("--important", help="重要保障；不写就是一般保障")] = False,
    contract: ContractDir = CONTRACT,
) -> None:
    """登记重保：这段时间探测更密，开始之前要有保障计划。"""
    from checks import entries
    from flows import incident_desk

    with at_desk(contract) as desk:
        span = _span(desk, start, end)
        entry = entries.support(desk.contract, name, system, *span, by(who, why), desk.now, important=important)
        console.say(f"已登记{incident_desk.enter(desk.ledger, entry, desk.now)}")


def _span(desk: "Desk", start: str, end: str) -> "tuple[datetime, datetime]":
    """Begin and end. Of a plan "" means not now, but that somebody's script has forgotten something.

    Raises:
        RequestError: one of them is no time.
    """
    from checks.slots import RequestError

    if not start.strip() or not end.strip():
        raise RequestError("起、止都要写，写成 2026-11-22 20:00 的样子")
    return desk.at(start), desk.at(end)


def _deciding(group: typer.Typer, name: str, kind: str, move: str, text: str, example: str) -> None:
    """A command that decides on what was asked for: they differ in what they enter, and in their help."""

    def decide(number: Number, who: Who, why: Why, document: Document = "", contract: ContractDir = CONTRACT) -> None:
        from checks.downtime import Move
        from flows import incident_desk

        with at_desk(contract) as desk:
            asked = number.strip().upper()
            told = incident_desk.decide(desk.ledger, kind, asked, Move(move), document, by(who, why), desk.now)
            console.say(f"已登记{told}")

    group.command(name, help=text, epilog=f"例：xunjian {example}")(decide)


for _name, _move, _text in (
    ("approve", "approved", "批准停机：写明甲方批准人和依据文件。"),
    ("sign", "signed", "甲方补签：事后登记的停机，甲方签字以后才不计停机。"),
    ("cancel", "cancelled", "取消停机；已经开始的，从现在起不再算计划内。"),
):
    _example = f"downtime {_name} T-2026-0003 --who 甲方负责人 --why 同意 --document 停机申请单〔2026〕3号"
    _deciding(downtime_app, _name, "downtime", _move, _text, _example)
for _name, _move, _text in (
    ("plan", "planned", "登记保障计划：要在开始之前。"),
    ("cancel", "cancelled", "取消重保；已经开始的，到现在为止。"),
):
    _example = f"support {_name} B-2026-0001 --who 驻场工程师 --why 已报甲方 --document 国庆保障计划〔2026〕1号"
    _deciding(support_app, _name, "support", _move, _text, _example)
