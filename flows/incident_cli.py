"""`xunjian incident …`, `downtime …`, `support …`: what people enter of faults and planned downtime, from the shell."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from flows import console
from flows.clearly import CONTRACT, ContractDir, Format, FormatOption, clearly
from flows.exit_codes import FINE, PROBLEMS

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from checks.contract import Contract
    from tasks.ledger import Ledger

incident_app = typer.Typer(help="故障：清单、经过和时限，登记来电与进展。", no_args_is_help=True)
downtime_app = typer.Typer(help="计划内停机：申请、批准、补签、取消。", no_args_is_help=True)
support_app = typer.Typer(help="重保：登记、保障计划、取消。", no_args_is_help=True)

Who = Annotated[str, typer.Option("--who", metavar="姓名", help="谁做的，谁决定的")]
Why = Annotated[str, typer.Option("--why", metavar="说明", help="做了什么，为什么")]
At = Annotated[str, typer.Option("--at", metavar="时间", help="2026-11-23 09:05 或 09:05（今天）；不写就是现在")]
Document = Annotated[str, typer.Option("--document", metavar="文件", help="依据文件的名称和文号")]
Number = Annotated[str, typer.Argument(metavar="编号")]
Systems = Annotated[list[str], typer.Option("--system", metavar="编号", help="哪个系统，可写多次")]
From = Annotated[str, typer.Option("--from", metavar="时间", help="起，2026-11-22 20:00")]
To = Annotated[str, typer.Option("--to", metavar="时间", help="止；超过的计入停机")]


class Progress(StrEnum):
    """The steps that people enter; the words are those of the form in the UI."""

    RECEIVED = "接报"
    RESPONDED = "响应"
    DISPATCHED = "派工二线"
    HANDED_OVER = "移交第三方"
    TAKEN_BACK = "第三方交回"
    RESTORED = "恢复"
    CLEARED = "解除"
    VOID = "作废"


class _Desk(NamedTuple):
    ledger: "Ledger"
    contract: "Contract"
    now: "datetime"

    def at(self, text: str) -> "datetime":
        from checks.entries import moment

        return moment(text, self.contract.tz, self.now)


@contextmanager
def _desk(contract: ContractDir) -> Iterator[_Desk]:
    with clearly(contract):
        from datetime import UTC, datetime

        from tasks import contract_folder
        from tasks.ledger import Ledger
        from tasks.settings import Settings

        settings = Settings(contract=contract)
        yield _Desk(Ledger(settings.ledger), contract_folder.load(contract), datetime.now(UTC))


def availability(
    period: Annotated[
        str, typer.Argument(metavar="期间", help="2026-11、2026-W47、2026-11-22 或 2026；不写就是本月")
    ] = "",
    picture: Annotated[Path | None, typer.Option("--picture", metavar="文件", help="另存每一天的图（PNG）")] = None,
    form: FormatOption = Format.TEXT,
    contract: ContractDir = CONTRACT,
) -> None:
    """可用性：各系统正常、中断、计划内停机和不明的时间，能证明的可用率区间。没有都达到 99% 的，退出码为 1。"""
    from checks.periods import period_of
    from flows import uptime

    with _desk(contract) as desk:
        days = period_of(period or f"{desk.now.astimezone(desk.contract.tz):%Y-%m}")
        found = uptime.measured(desk.ledger, desk.contract, days, desk.now)
        if form is Format.JSON:
            typer.echo(json.dumps(uptime.as_json(found), ensure_ascii=False, indent=1))
        else:
            console.table(
                f"可用性 {days.first} 至 {days.last}", uptime.HEADS, [uptime.cells(one) for one in found.lines]
            )
            for line in uptime.outage_lines(found):
                console.say(line)
        if picture:
            picture.write_bytes(uptime.pictured(found))
            console.say(f"每一天的图：{picture}")
        raise typer.Exit(FINE if uptime.fine(found) else PROBLEMS)


def notify_test(
    channel: Annotated[str, typer.Option("--channel", metavar="编号", help="只试这一个渠道，不写就都试")] = "",
    contract: ContractDir = CONTRACT,
) -> None:
    """试发通知：向每个渠道发一条测试消息，看对方是否收下。不记台账；有发不出的，退出码为 1。"""
    with clearly(contract):
        from datetime import UTC, datetime

        from checks.slots import RequestError
        from tasks import contract_folder, notify, secrets
        from tasks.crypto.tls import trusting
        from tasks.settings import Settings

        settings, loaded, now = Settings(contract=contract), contract_folder.load(contract), datetime.now(UTC)
        known = "、".join(one.id for one in loaded.channels)
        chosen = [one for one in loaded.channels if channel in ("", one.id)]
        if not chosen:
            raise RequestError(
                f"合同里没有通知渠道 {channel}；可选：{known}" if known else "合同里没有写通知渠道 channels"
            )
        name = f"巡检通知测试：{loaded.name}"
        message = notify.Message(f"test-{now:%Y%m%d%H%M%S}", name, "这是一条测试消息，不用处理。", "", now)
        trusted, failed = trusting(settings.ca_dir), 0
        for one in chosen:
            values = secrets.read_all(one.secret_names(), settings.secrets_dir)
            receipt = notify.deliver(one, message, values, trusted=trusted)
            failed += not receipt.ok
            word, style = ("对方已收下", "green") if receipt.ok else ("没有发出", "red")
            console.say(f"{one.id}（{one.title}）：{word}，{receipt.seconds:.2f} 秒，{receipt.answer}", style=style)
        raise typer.Exit(PROBLEMS if failed else FINE)


@incident_app.command("list", epilog="例：xunjian incident list　　xunjian incident list --all --format json")
def listed(
    every: Annotated[bool, typer.Option("--all", help="也列出已解除的")] = False,
    form: FormatOption = Format.TEXT,
    contract: ContractDir = CONTRACT,
) -> None:
    """故障清单：未解除的故障、状态和各项时限。有超时的退出码为 1。"""
    from flows.incident_desk import cases

    with _desk(contract) as desk:
        found = [one for one in cases(desk.ledger, desk.contract) if every or not one.incident.cleared_at]
        if form is Format.JSON:
            typer.echo(json.dumps([
                {
                    "id": case.incident.id, "system": case.incident.system, "state": case.incident.state,
                    "discovered_at": case.incident.discovered_at.isoformat(),
                    "clocks": {
                        one.name: {"spent": one.spent(desk.now).total_seconds(), "limit": one.limit.total_seconds(),
                                   "done": one.done is not None, "breached": one.breached(desk.now)}
                        for one in case.clocks
                    },
                }
                for case in found
            ], ensure_ascii=False, indent=1))  # fmt: skip
        else:
            rows = []
            for case in found:
                one = case.incident
                what = one.symptoms[0].summary if one.symptoms else "来电"
                more = f" 等 {len(one.symptoms)} 项" if len(one.symptoms) > 1 else ""
                clocks = "\n".join(clock_words(clock, desk.now) for clock in case.clocks)
                at = one.discovered_at.astimezone(desk.contract.tz)
                rows.append([one.id, one.system, one.state, f"{at:%m-%d %H:%M}", what + more, clocks])
            title = f"故障 {len(found)} 个" if found else "没有未解除的故障"
            console.table(title, ["编号", "系统", "状态", "发现", "现象", "时限"], rows)
        late = any(clock.breached(desk.now) for case in found for clock in case.clocks)
        raise typer.Exit(PROBLEMS if late else FINE)


def clock_words(clock: "object", now: "datetime") -> str:
    """One clock in words: spent, limit, verdict."""
    from checks.clocks import Clock

    assert isinstance(clock, Clock)  # noqa: S101 - imported late
    verdict = "超时" if clock.breached(now) else "按时" if clock.done else "进行中"
    return f"{clock.title} {duration(clock.spent(now))}／{duration(clock.limit)} {verdict}"


def duration(time: "timedelta") -> str:
    """3 小时 05 分, 4 分 10 秒."""
    seconds = int(time.total_seconds())
    hours, minutes = divmod(seconds // 60, 60)
    if hours:
        return f"{hours} 小时" + (f" {minutes:02} 分" if minutes else "")
    return f"{minutes} 分" + (f" {seconds % 60:02} 秒" if seconds % 60 else "")


@incident_app.command("show", epilog="例：xunjian incident show G-2026-0007")
def show(number: Number, contract: ContractDir = CONTRACT) -> None:
    """一个故障的经过：每一步的时间、登记人和事件号，通知的送达情况，各项时限。"""
    from checks.incidents import INCIDENT
    from checks.notices import DELIVERY
    from checks.slots import RequestError
    from flows.incident_desk import cases, said

    with _desk(contract) as desk:
        case = next((one for one in cases(desk.ledger, desk.contract) if one.incident.id == number), None)
        if case is None:
            raise RequestError(f"没有故障 {number}；编号见 xunjian incident list --all")
        steps = [one for one in desk.ledger.events(INCIDENT) if one.subject == number]
        sent = [one for one in desk.ledger.events(DELIVERY)
                if any(notice.startswith(f"{number}/") for notice in one.body["notices"])]  # fmt: skip
        corrected = {one.corrects for one in steps}
        console.say(f"{number}　{case.incident.system}　{case.incident.state}")
        for one in sorted((*steps, *sent), key=lambda one: (one.at, one.id)):
            at = one.at.astimezone(desk.contract.tz)
            if one.kind == INCIDENT:
                what = said(one) + ("（已更正，不算）" if one.id in corrected else "")
            else:
                what = f"通知{one.why}，渠道 {one.body['channel']}：{one.body['answer']}"
            console.say(f"  {at:%m-%d %H:%M:%S}  第 {one.id} 号  {what}（{one.who}）")
        for clock in case.clocks:
            console.say("  " + clock_words(clock, desk.now))


@incident_app.command("report", epilog="例：xunjian incident report G-2026-0007")
def report(number: Number, contract: ContractDir = CONTRACT) -> None:
    """起草故障报告：台账知道的都填好，其余标“待填写”。解除时会自动起草。"""
    with clearly(contract):
        from flows.incident_report import draft_of
        from flows.office import Office
        from tasks.settings import Settings

        for path in draft_of(Office(Settings(contract=contract)), number).values():
            console.say(f"报告：{path}")


@incident_app.command("call", epilog="例：xunjian incident call oa --who 值班员 --why 用户说打不开待办 --at 09:05")
def call(
    system: Annotated[str, typer.Argument(metavar="系统")],
    who: Who,
    why: Why,
    at: At = "",
    down: Annotated[bool, typer.Option("--down", help="整个系统不可用，计入停机")] = False,
    contract: ContractDir = CONTRACT,
) -> None:
    """登记来电：用户报告故障。已有未解除的故障就记在那个故障上。"""
    from checks.entries import Who as By
    from flows import incident_desk, standing

    with _desk(contract) as desk:
        by = By(who, why, standing.from_shell())
        told = incident_desk.call(desk.ledger, desk.contract, system, desk.at(at), by, desk.now, down=down)
        console.say(f"已登记{told}")


@incident_app.command(
    "step", epilog="例：xunjian incident step G-2026-0007 响应 --who 驻场工程师 --why 正在查数据库 --at 09:20"
)
def step(
    number: Number,
    what: Annotated[Progress, typer.Argument(metavar="进展", help="、".join(Progress))],
    who: Who,
    why: Why,
    at: At = "",
    corrects: Annotated[int, typer.Option("--corrects", metavar="事件号", help="更正登记错的那一条")] = 0,
    contract: ContractDir = CONTRACT,
) -> None:
    """登记进展：接报、响应、派工二线、移交第三方、第三方交回、恢复、解除、作废。登记后不能删改，错了就更正。"""
    from checks.entries import Who as By
    from checks.incidents import Step
    from flows import incident_desk, standing

    with _desk(contract) as desk:
        by = By(who, why, standing.from_shell())
        told = incident_desk.step(desk.ledger, number, Step[what.name], desk.at(at), by, desk.now, corrects)
        console.say(f"已登记{told}")


@downtime_app.command("list", epilog="例：xunjian downtime list")
def downtime_list(contract: ContractDir = CONTRACT) -> None:
    """登记过的停机，和每一次算不算计划内。"""
    from checks.downtime import DOWNTIME, windows

    with _desk(contract) as desk:
        rows = []
        for one in windows(desk.ledger.events(DOWNTIME)):
            start, end = (f"{at.astimezone(desk.contract.tz):%Y-%m-%d %H:%M}" for at in (one.start, one.end))
            rows.append([one.id, "、".join(one.systems), start, end, one.state(desk.now), one.why])
        console.table("计划内停机", ["编号", "系统", "起", "止", "状态", "原因"], rows)


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
    from checks.entries import Who as By
    from flows import incident_desk, standing

    with _desk(contract) as desk:
        by = By(who, why, standing.from_shell())
        entry = entries.downtime(desk.contract, system, desk.at(start), desk.at(end), by, desk.now)
        console.say(f"已登记{incident_desk.enter(desk.ledger, entry, desk.now)}")


@support_app.command("list", epilog="例：xunjian support list")
def support_list(contract: ContractDir = CONTRACT) -> None:
    """登记过的重保，和开始之前有没有计划。"""
    from checks.downtime import SUPPORT, support_periods

    with _desk(contract) as desk:
        rows = []
        for one in support_periods(desk.ledger.events(SUPPORT)):
            start, end = (f"{at.astimezone(desk.contract.tz):%Y-%m-%d %H:%M}" for at in (one.start, one.end))
            plan = "已取消" if one.cancelled_at else "有" if one.has_plan else "事后才有" if one.planned_at else "没有"
            grade = "重要" if one.important else "一般"
            rows.append([one.id, one.name, grade, "、".join(one.systems), start, end, plan])
        console.table("重保", ["编号", "名称", "等级", "系统", "起", "止", "保障计划"], rows)


@support_app.command(
    "announce",
    epilog="例：xunjian support announce 国庆保障 --system oa --from '2027-10-01 00:00' --to '2027-10-08 00:00'"
    " --who 驻场工程师 --why 通知",
)
def support_announce(
    name: Annotated[str, typer.Argument(metavar="名称")],
    system: Systems,
    start: From,
    end: To,
    who: Who,
    why: Why,
    important: Annotated[bool, typer.Option("--important", help="重要保障；不写就是一般保障")] = False,
    contract: ContractDir = CONTRACT,
) -> None:
    """登记重保：这段时间探测更密，开始之前要有保障计划。"""
    from checks import entries
    from checks.entries import Who as By
    from flows import incident_desk, standing

    with _desk(contract) as desk:
        by, span = By(who, why, standing.from_shell()), (desk.at(start), desk.at(end))
        entry = entries.support(desk.contract, name, system, *span, by, desk.now, important=important)
        console.say(f"已登记{incident_desk.enter(desk.ledger, entry, desk.now)}")


def _deciding(group: typer.Typer, name: str, kind: str, move: str, text: str, example: str) -> None:
    def decide(number: Number, who: Who, why: Why, document: Document = "", contract: ContractDir = CONTRACT) -> None:
        from checks.downtime import Move
        from checks.entries import Who as By
        from flows import incident_desk, standing

        with _desk(contract) as desk:
            by = By(who, why, standing.from_shell())
            told = incident_desk.decide(desk.ledger, kind, number, Move(move), document, by, desk.now)
            console.say(f"已登记{told}")

    group.command(name, help=text, epilog=f"例：xunjian {example}")(decide)


for _name, _move, _text in (
    ("approve", "approved", "批准停机：写明甲方批准人和依据文件。"),
    ("sign", "signed", "甲方补签：事后登记的停机，甲方签字以后才不计停机。"),
    ("cancel", "cancelled", "取消停机；已经开始的，从现在起不再算计划内。"),
):
    _example = f"downtime {_name} T-2026-0003 --who 甲方负责人 --why 同意 --document 停机申请单〔2026〕3号"
    _deciding(downtime_app, _name, "downtime", _move, _text, _example)
for _name, _move, _text in (("plan", "planned", "登记保障计划：要在开始之前。"), ("cancel", "cancelled", "取消重保。")):
    _example = f"support {_name} B-2026-0001 --who 驻场工程师 --why 已报甲方 --document 国庆保障计划〔2026〕1号"
    _deciding(support_app, _name, "support", _move, _text, _example)
