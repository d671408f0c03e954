"""`xunjian findings …`: the register of security findings, and what people enter of it, from the shell."""

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows import console, findings_import_cli
from flows.clearly import CONTRACT, ContractDir, Format, FormatOption, Number, Who, Why, at_desk, by, save
from flows.exit_codes import FINE, PROBLEMS

if TYPE_CHECKING:
    from checks.security_finding import SecurityFinding
    from flows.clearly import Desk
    from flows.finding_desk import FindingDesk

app = typer.Typer(
    help="漏洞台账：导入扫描报告，登记整改计划、整改完成、风险接受和误报，列出期限和逾期。密级 2（比较敏感）。",
    epilog="例：xunjian findings import 漏扫报告.xlsx --who 张三 --why 十一月漏扫　　xunjian findings list　　"
    "xunjian findings fixed F-2026-012 --fixer 李四 --who 张三 --why 关闭 TLS 1.0",
    no_args_is_help=True,
)

At = Annotated[str, typer.Option("--at", metavar="时间", help="2026-11-23 09:05 或 09:05（今天）；不写就是现在")]
Paper = Annotated[str, typer.Option("--document", metavar="文件", help="依据文件的名称和文号")]
Corrects = Annotated[int, typer.Option("--corrects", metavar="事件号", help="更正登记错的那一条")]
Owner = Annotated[str, typer.Option("--owner", metavar="岗位", help="责任人")]
Due = Annotated[str, typer.Option("--due", metavar="年-月-日", help="期限，当天算在内")]
Ticket = Annotated[str, typer.Option("--ticket", metavar="单号", help="变更工单号")]
Probe = Annotated[str, typer.Option("--probe", metavar="探测项", help="复测用的探测，例如 tls-min-version")]
Vantage = Annotated[str, typer.Option("--vantage", metavar="here|bastion|host", help="从哪里复测：原来从哪里看到的")]
Way = Annotated[str, typer.Option("--way", metavar="堡垒机", help="从哪台堡垒机复测")]

app.command(
    "import",
    epilog="例：xunjian findings import 漏扫报告.xlsx --dry-run --who 张三 --why 十一月漏扫　　"
    "xunjian findings import scan.sarif --asset https://oa-web-01/ --who 张三 --why 上线前扫描",
)(findings_import_cli.take)


@app.command(
    epilog="例：xunjian findings add TLS1.0未禁用 --severity 中危 --asset https://oa-web-01/ --probe tls-min-version "
    "--who 张三 --why 渗透测试报告第12页"
)
def add(
    title: Annotated[str, typer.Argument(metavar="漏洞名称")],
    severity: Annotated[str, typer.Option("--severity", metavar="等级", help="超危、高危、中危、低危，或 CVSS 分值")],
    asset: Annotated[str, typer.Option("--asset", metavar="资产", help="主机、主机:端口或网址，要在合同范围内")],
    who: Who,
    why: Why,
    cve: Annotated[str, typer.Option("--cve", metavar="编号")] = "",
    cnvd: Annotated[str, typer.Option("--cnvd", metavar="编号")] = "",
    weakness: Annotated[str, typer.Option("--class", metavar="类型", help="漏洞类型，例如 弱口令")] = "",
    source: Annotated[str, typer.Option("--source", metavar="报告", help="来源报告")] = "",
    page: Annotated[str, typer.Option("--page", metavar="页码")] = "",
    owner: Owner = "",
    due: Due = "",
    ticket: Ticket = "",
    probe: Probe = "",
    vantage: Vantage = "",
    way: Way = "",
    corrects: Corrects = 0,
    contract: ContractDir = CONTRACT,
) -> None:
    """登记一个漏洞；或用 --corrects 重写登记错的那一条。"""
    cells = {
        "title": title, "severity": severity, "asset": asset, "cve": cve, "cnvd": cnvd, "weakness": weakness,
        "source": source, "page": page, "owner": owner, "due": due, "ticket": ticket, "probe": probe,
        "vantage": vantage, "way": way,
    }  # fmt: skip
    with at_desk(contract) as desk:
        console.say(f"已登记{_desk(desk).enter(cells, by(who, why), corrects)}")


@app.command("list", epilog="例：xunjian findings list　　xunjian findings list --all --format json")
def listed(
    every: Annotated[bool, typer.Option("--all", help="也列出已修复、误报和风险接受的")] = False,
    form: FormatOption = Format.TEXT,
    contract: ContractDir = CONTRACT,
) -> None:
    """漏洞清单：未闭环的漏洞，最急的在前。有逾期的退出码为 1。"""
    from checks.finding_list import by_severity, stands, urgent

    with at_desk(contract) as desk:
        findings = _desk(desk)
        known, today = findings.findings(), findings.today
        shown = known if every else urgent(known)
        late = [one for one in known if one.overdue(today)]
        if form is Format.JSON:
            typer.echo(json.dumps([_as_json(one, desk, today) for one in shown], ensure_ascii=False, indent=1))
        else:
            rows = [[f"{one.id}\n{one.severity}", f"{one.title}\n{one.asset}",
                     "\n".join(filter(None, (stands(one, today), f"期限 {one.due}", one.owner)))]
                    for one in shown]  # fmt: skip
            nothing = "台账里没有漏洞" if every else "没有未闭环的漏洞；全部用 --all 列出"
            console.listing(f"漏洞 {len(shown)} 个", ["编号", "漏洞", "状态"], rows, nothing)
            console.say(f"逾期：{by_severity(late)}", style="red" if late else "")
        raise typer.Exit(PROBLEMS if late else FINE)


@app.command(epilog="例：xunjian findings show F-2026-012")
def show(number: Number, form: FormatOption = Format.TEXT, contract: ContractDir = CONTRACT) -> None:
    """一个漏洞的全部：登记的内容、状态、复测证据，每一步的登记人和事件号。"""
    from checks.finding_list import HEADS, line, stands
    from checks.security_finding import due_follow_ups
    from flows.finding_desk import said

    with at_desk(contract) as desk:
        findings = _desk(desk)
        one, today = findings.finding(number), findings.today
        if form is Format.JSON:
            typer.echo(json.dumps(_as_json(one, desk, today), ensure_ascii=False, indent=1))
            return
        cells = zip(HEADS, line(one, today, desk.contract.tz), strict=True)
        console.table(f"{one.id} {stands(one, today)}", ["项", "内容"], [[*cell] for cell in cells if cell[1]])
        corrected = {event.corrects for event in one.events}
        rows = [
            [f"{event.id}", desk.there(event.at), said(event) + ("（已更正，不算）" if event.id in corrected else "")]
            for event in one.events
        ]
        console.table("经过", ["事件号", "时间", "内容"], rows)
        for days, day in due_follow_ups(one, desk.contract.tz):
            console.say(f"{days} 天后再复测：{day}")


@app.command(
    epilog="例：xunjian findings plan F-2026-012 --plan 升级OpenSSH --owner 系统管理员 --due 2026-12-01 "
    "--who 张三 --why 整改会议纪要　　"
    "xunjian findings plan F-2026-012 --probe tls-min-version --who 张三 --why 定复测方法"
)
def plan(
    number: Number,
    who: Who,
    why: Why,
    plan: Annotated[str, typer.Option("--plan", metavar="措施", help="整改措施")] = "",
    owner: Owner = "",
    due: Due = "",
    ticket: Ticket = "",
    probe: Probe = "",
    vantage: Vantage = "",
    way: Way = "",
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="参数=值", help="探测项的参数，可写几次")
    ] = None,
    corrects: Corrects = 0,
    contract: ContractDir = CONTRACT,
) -> None:
    """登记整改计划：措施、责任人、期限、工单号，复测用的探测项和参数。"""
    with at_desk(contract) as desk:
        given = {
            "plan": plan, "owner": owner, "due": due, "ticket": ticket, "probe": probe, "vantage": vantage, "way": way,
            "params": _params(settings or []),
        }  # fmt: skip
        console.say(f"已登记{_desk(desk).plan(number, given, by(who, why), corrects)}")


@app.command(epilog="例：xunjian findings fixed F-2026-012 --fixer 李四 --at 09:05 --who 张三 --why 关闭TLS1.0")
def fixed(
    number: Number,
    fixer: Annotated[str, typer.Option("--fixer", metavar="姓名", help="动手整改的人；复测的人不能是他")],
    who: Who,
    why: Why,
    at: At = "",
    corrects: Corrects = 0,
    contract: ContractDir = CONTRACT,
) -> None:
    """登记整改完成：有人说改好了。复测通过才算修复。"""
    with at_desk(contract) as desk:
        console.say(f"已登记{_desk(desk).fixed(number, fixer, desk.at(at), by(who, why), corrects)}")


@app.command(
    epilog="例：xunjian findings accept F-2026-012 2027-03-31 --document 批示〔2026〕5号 --who 李四 --why 设备年底退役"
)
def accept(
    number: Number,
    until: Annotated[str, typer.Argument(metavar="年-月-日", help="到哪天，当天有效；过后自动重新打开")],
    paper: Paper,
    who: Who,
    why: Why,
    corrects: Corrects = 0,
    contract: ContractDir = CONTRACT,
) -> None:
    """登记风险接受：谁批准的、到哪天。至多一年，到期再评估。"""
    from checks.document_entries import day_of

    with at_desk(contract) as desk:
        console.say(f"已登记{_desk(desk).accept(number, day_of(until), paper, by(who, why), corrects)}")


@app.command(
    "false-positive",
    epilog="例：xunjian findings false-positive F-2026-012 --document 确认单〔2026〕2号 --who 李四 --why 版本带回补丁",
)
def false_positive(number: Number, paper: Paper, who: Who, why: Why, contract: ContractDir = CONTRACT) -> None:
    """登记误报：谁确认的，依据和原因。"""
    with at_desk(contract) as desk:
        console.say(f"已登记{_desk(desk).false_positive(number, paper, by(who, why))}")


@app.command(epilog="例：xunjian findings reopen F-2026-012 --who 张三 --why 新报告里又出现")
def reopen(number: Number, who: Who, why: Why, contract: ContractDir = CONTRACT) -> None:
    """重新打开：整改完成、修复、误报或风险接受不成立。"""
    with at_desk(contract) as desk:
        console.say(f"已登记{_desk(desk).reopen(number, by(who, why))}")


@app.command(epilog="例：xunjian findings identity F-2026-012 'ssh-ed25519 SHA256:…' --who 张三 --why 重装系统，已核对")
def identity(
    number: Number,
    text: Annotated[str, typer.Argument(metavar="身份", help="复测的拒绝说明里写的那一个")],
    who: Who,
    why: Why,
    contract: ContractDir = CONTRACT,
) -> None:
    """确认身份：资产换了主机密钥或证书，核对过仍是同一个资产。"""
    with at_desk(contract) as desk:
        console.say(f"已登记{_desk(desk).identity(number, text, by(who, why))}")


@app.command(epilog="例：xunjian findings export 漏洞台账.xlsx　　xunjian findings export 漏洞台账.csv")
def export(
    file: Annotated[Path, typer.Argument(metavar="文件", help=".xlsx 或 .csv")], contract: ContractDir = CONTRACT
) -> None:
    """导出整个台账。密级 2：按比较敏感的信息保管。"""
    from checks.finding_list import HEADS, line
    from checks.slots import RequestError
    from tasks.finding_files.write import table_csv, table_xlsx

    with at_desk(contract) as desk:
        findings = _desk(desk)
        lines = [line(one, findings.today, desk.contract.tz) for one in findings.findings()]
        match file.suffix.lower():
            case ".xlsx":
                content = table_xlsx("漏洞台账", HEADS, lines)
            case ".csv":
                content = table_csv(HEADS, lines)
            case other:
                raise RequestError(f"写成 .xlsx 或 .csv；现在是 {other or '没有扩展名'}")
        save(file, content)
        console.say(f"{file}：{len(lines)} 个漏洞。密级 2（比较敏感），按此保管")


def _desk(desk: "Desk") -> "FindingDesk":
    from flows.finding_desk import FindingDesk

    return FindingDesk(desk.ledger, desk.contract, desk.now)


def _params(settings: list[str]) -> dict[str, Any]:
    """What stands after --set: a value is JSON where it is any, else text."""
    from checks.slots import RequestError

    found = {}
    for one in settings:
        name, equals, value = one.partition("=")
        if not equals or not name.strip():
            raise RequestError(f"参数写成 名称=值；现在是 {one}")
        try:
            found[name.strip()] = json.loads(value)
        except ValueError:
            found[name.strip()] = value
    return found


def _as_json(one: "SecurityFinding", desk: "Desk", today: date) -> dict[str, Any]:
    from checks.security_finding import due_follow_ups

    def iso(at: Any) -> str | None:
        return at.isoformat() if at else None

    kept = (
        "id", "title", "asset", "cve", "cnvd", "weakness", "source", "page", "plan", "owner", "ticket", "probe",
        "vantage", "way", "params", "fixed_by", "tester", "evidence_before", "evidence_after", "accepted_by",
        "identity",
    )  # fmt: skip
    return {
        **{name: getattr(one, name) for name in kept},
        "severity": one.severity.value,
        "life": one.life.value,
        "due": iso(one.due),
        "overdue": one.overdue(today),
        "until": iso(one.until),
        "fixed_at": iso(one.fixed_at),
        "verified_at": iso(one.verified_at),
        "follow_ups": [day.isoformat() for _, day in due_follow_ups(one, desk.contract.tz)],
        "events": [event.id for event in one.events],
    }
