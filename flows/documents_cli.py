"""`xunjian documents …`: what is due in a month, and what people enter of documents, from the shell. Annex 4."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows import console, document_check_cli
from flows.clearly import CONTRACT, ContractDir, Format, FormatOption, Who, Why, at_desk, by
from flows.exit_codes import FINE, PROBLEMS

if TYPE_CHECKING:
    from checks.document_register import Document
    from flows.clearly import Desk
    from flows.document_desk import DocumentDesk

app = typer.Typer(
    help="文档：某月到期的文档、期限、提交和扣分；登记提交、甲方意见、约定和免交。",
    epilog="例：xunjian documents --month 2026-10　　xunjian documents list　　"
    "xunjian documents submit weekly/2026-W47 周报-2026-W47.docx --who 张三 --why 邮件送达",
)

Name = Annotated[str, typer.Argument(metavar="文档", help="编号，如 weekly/2026-W47；或 周报-2026-W47")]
At = Annotated[str, typer.Option("--at", metavar="时间", help="2026-11-23 09:05 或 09:05（今天）；不写就是现在")]
Paper = Annotated[str, typer.Option("--document", metavar="文件", help="依据文件的名称和文号")]
Corrects = Annotated[int, typer.Option("--corrects", metavar="事件号", help="更正登记错的那一条")]


@app.callback(invoke_without_command=True)
def documents(
    context: typer.Context,
    month: Annotated[str, typer.Option("--month", metavar="年-月", help="哪个月到期的，如 2026-10；不写就是本月")] = "",
    form: FormatOption = Format.TEXT,
    contract: ContractDir = CONTRACT,
) -> None:
    """某月到期的文档：期限、提交时间、判定和扣分。有逾期的退出码为 1。"""
    if context.invoked_subcommand:
        return
    from checks.document_register import due_in, points
    from checks.periods import period_of
    from checks.slots import RequestError
    from tasks.working_days import calendar_version

    with at_desk(contract) as desk:
        month = month or desk.there(desk.now, "%Y-%m")
        days = period_of(month)
        if len(month.strip()) != len("2026-10"):
            raise RequestError(f"月份写成 年-月，例如 2026-10；现在是 {month}")
        found = due_in(_desk(desk, contract).of(days.first, days.last), days.first, days.last)
        version, source = calendar_version(desk.contract.calendar), desk.contract.calendar.source
        if form is Format.JSON:
            report = {
                "month": month,
                "calendar": version,
                "override": source,
                "documents": [_as_json(one, desk) for one in found],
                "points": points(found, desk.now),
            }
            typer.echo(json.dumps(report, ensure_ascii=False, indent=1))
        else:
            heads = ["文档", "期限", "提交", "判定", "扣分"]
            rows = [_row(one, desk) for one in found]
            console.listing(f"{month} 到期的文档", heads, rows, f"{month} 没有到期的文档")
            console.say(f"扣分合计 {points(found, desk.now):g}（逾期每份 -0.5）")
            console.say(f"工作日按 {version}" if source else f"工作日按 {version}；合同没有改动日历")
        raise typer.Exit(PROBLEMS if any(one.late(desk.now) for one in found) else FINE)


@app.command("list", epilog="例：xunjian documents list　　xunjian documents list --all --format json")
def listed(
    every: Annotated[bool, typer.Option("--all", help="也列出已提交、已接收和免交的")] = False,
    form: FormatOption = Format.TEXT,
    contract: ContractDir = CONTRACT,
) -> None:
    """文档清单：要交的文档、期限和状态，登记过的事件号。有逾期的退出码为 1。"""
    late = show(contract, every=every, as_json=form is Format.JSON)
    raise typer.Exit(PROBLEMS if late else FINE)


def show(contract: Path, *, every: bool = False, as_json: bool = False) -> bool:
    """Print the documents that are to be handed in, or all; whether one is late."""
    from checks.document_list import owed
    from flows.document_inbox import unfit
    from tasks.settings import Settings

    with at_desk(contract) as desk:
        documents = _desk(desk, contract)
        found = documents.documents()
        coming = [one for one in found if not one.unrecorded] if every else owed(found, desk.now)
        if as_json:
            typer.echo(json.dumps([_as_json(one, desk) for one in coming], ensure_ascii=False, indent=1))
        else:
            said = _entries(documents)
            rows = [[f"{one.title}\n{one.subject}", f"{one.until_words}\n交{one.duty.receiver}",
                     "\n".join([one.stands(desk.now), *said.get(one.subject, ())])]
                    for one in coming]  # fmt: skip
            console.listing(f"文档 {len(rows)} 份", ["文档", "最晚", "状态和登记"], rows, "没有要交的文档")
            for left in unfit(Settings(contract=contract), found, desk.now):
                console.say(f"收件目录里的 {left.name} 没有收：{left.why}")
        return any(one.late(desk.now) for one in coming)


@app.command(epilog="例：xunjian documents submit weekly/2026-W47 周报-2026-W47.docx --who 张三 --why 邮件送达")
def submit(
    document: Name,
    who: Who,
    why: Why,
    file: Annotated[str, typer.Argument(metavar="文件", help="路径，或收件目录里的文件名；更正时不换文件就不写")] = "",
    at: At = "",
    receipt: Annotated[str, typer.Option("--receipt", metavar="回执", help="谁在何时签收；早于一天以前的必须写")] = "",
    corrects: Corrects = 0,
    contract: ContractDir = CONTRACT,
) -> None:
    """登记提交：文件作为证据保存（密级 3 的加密）。程序写的草稿不算提交。"""
    from checks.document_entries import Handed
    from tasks.inbox import named
    from tasks.settings import Settings

    with at_desk(contract) as desk:
        content = None
        if file or not corrects:
            here = Path(file).absolute() if Path(file).is_file() else file  # or that of the inbox
            path, read = named(Settings(contract=contract), str(here))
            content = (path.name, read)
        handed = Handed(desk.at(at), "cli", receipt)
        console.say(f"已登记{_desk(desk, contract).submit(document, content, handed, by(who, why), corrects)}")


app.command(
    epilog="例：xunjian documents check 月报.docx --as monthly/2026-10　　"
    "xunjian documents check 故障报告.docx --as incident/G-2026-0007 --typos 0"
)(document_check_cli.check)


@app.command(epilog="例：xunjian documents mail weekly/2026-W47 周报-2026-W47.docx --who 张三 --why 按合同发送")
def mail(
    document: Name,
    file: Annotated[str, typer.Argument(metavar="文件", help="路径，或收件目录里的文件名")],
    who: Who,
    why: Why,
    contract: ContractDir = CONTRACT,
) -> None:
    """由程序发送：按合同写的邮件渠道和收件地址发出，服务器收下就登记提交，它的回答就是回执；没有收下的不登记。"""
    from datetime import UTC, datetime

    from flows.document_mail import mail as mailed
    from tasks.inbox import named
    from tasks.settings import Settings

    with at_desk(contract) as desk:
        settings = Settings(contract=contract)
        here = Path(file).absolute() if Path(file).is_file() else file  # or that of the inbox
        path, content = named(settings, str(here))
        said = mailed(
            desk.ledger,
            settings,
            desk.contract,
            document,
            (path.name, content),
            by(who, why),
            lambda: datetime.now(UTC),
        )
        console.say(f"已登记{said}")


@app.command(
    epilog="例：xunjian documents answer weekly/2026-W47 接收 --who 李四 --why 同意　　"
    "xunjian documents answer weekly/2026-W47 退回 --again 2026-11-27 --typos 3 --who 李四 --why 缺备份一节"
)
def answer(
    document: Name,
    what: Annotated[str, typer.Argument(metavar="接收|退回", help="甲方意见")],
    who: Who,
    why: Why,
    again: Annotated[str, typer.Option("--again", metavar="年-月-日", help="退回的：何时前重新提交")] = "",
    typos: Annotated[int, typer.Option("--typos", metavar="个数", min=0, help="甲方指出的错别字")] = 0,
    at: At = "",
    corrects: Corrects = 0,
    contract: ContractDir = CONTRACT,
) -> None:
    """登记甲方意见：接收，或退回。退回后在写明的日期前重新提交的，算按时。"""
    from checks.document_entries import returned_until
    from checks.slots import RequestError

    with at_desk(contract) as desk:
        if what not in ("接收", "退回"):
            raise RequestError(f"甲方意见写 接收 或 退回；现在是 {what}")
        until = returned_until(again, returned=what == "退回")
        said = _desk(desk, contract).answer(
            document, desk.at(at), by(who, why), again=until, typos=typos, corrects=corrects
        )
        console.say(f"已登记{said}")


@app.command(
    epilog="例：xunjian documents agree asset-table 2026-11-30 --document 纪要〔2026〕8号 --who 张三 --why 盘点后一周"
)
def agree(
    document: Annotated[
        str, typer.Argument(metavar="文档", help="双方约定的写它的编号，如 asset-table；改期的写 weekly/2026-W47")
    ],
    day: Annotated[str, typer.Argument(metavar="年-月-日", help="约定的日期")],
    paper: Paper,
    who: Who,
    why: Why,
    contract: ContractDir = CONTRACT,
) -> None:
    """登记约定的文档和日期，或双方同意的改期。"""
    from checks.document_entries import day_of

    with at_desk(contract) as desk:
        console.say(f"已登记{_desk(desk, contract).agree(document, day_of(day), paper, by(who, why))}")


@app.command(
    epilog="例：xunjian documents excuse weekly/2026-W40 --document 函〔2026〕3号 --who 李四 --why 国庆停报一期"
)
def excuse(document: Name, paper: Paper, who: Who, why: Why, contract: ContractDir = CONTRACT) -> None:
    """免交：登记某份文档不必交，写明决定人、原因和依据。"""
    with at_desk(contract) as desk:
        console.say(f"已登记{_desk(desk, contract).excuse(document, paper, by(who, why))}")


@app.command(epilog="例：xunjian documents withdraw 128 --who 张三 --why 登记错了文档")
def withdraw(
    number: Annotated[int, typer.Argument(metavar="事件号", help="见 xunjian documents list --all")],
    who: Who,
    why: Why,
    contract: ContractDir = CONTRACT,
) -> None:
    """撤回登记错的一条：提交、意见、约定或免交。原来的仍在台账里，不再算数。"""
    with at_desk(contract) as desk:
        console.say(f"已登记{_desk(desk, contract).withdraw(number, by(who, why))}")


def _desk(desk: "Desk", contract: Path) -> "DocumentDesk":
    from flows.document_desk import DocumentDesk
    from tasks.settings import Settings

    return DocumentDesk(desk.ledger, Settings(contract=contract), desk.now)


def _entries(documents: "DocumentDesk") -> dict[str, list[str]]:
    """What was entered of each document, with the numbers by which it is corrected."""
    from flows.document_desk import said

    events = documents.book.events
    corrected = {one.corrects for one in events}
    found: dict[str, list[str]] = {}
    for one in events:
        void = "（已更正，不算）" if one.id in corrected else ""
        found.setdefault(one.subject, []).append(f"第 {one.id} 号 {said(one)}{void}")
    return found


def _row(one: "Document", desk: "Desk") -> list[str]:
    handed = [desk.there(each.at) for each in one.submissions[-1:]] or ["—"]
    return [f"{one.title}\n{one.subject}", one.until_words, *handed, one.stands(desk.now), f"{one.points(desk.now):g}"]


def _as_json(one: "Document", desk: "Desk") -> dict[str, Any]:
    def iso(at: Any) -> str | None:
        return at.astimezone(one.zone).isoformat() if at else None

    return {
        "document": one.subject,
        "title": one.title,
        "receiver": one.duty.receiver,
        "grade": int(one.duty.grade),
        "due": one.due_day.isoformat() if one.due_day else None,
        "limit": iso(one.limit),
        "undetermined": one.undetermined,
        "state": one.state(desk.now).value,
        "submitted": [
            {"event": each.number, "at": iso(each.at), "file": each.name, "sha256": each.sha256, "how": each.how,
             "receipt": each.receipt, "returned_at": iso(each.returned_at), "accepted_at": iso(each.accepted_at),
             "typos": each.typos}
            for each in one.submissions
        ],
        "verdict": one.verdict(desk.now),
        "late": one.late(desk.now),
        "points": one.points(desk.now),
    }  # fmt: skip
