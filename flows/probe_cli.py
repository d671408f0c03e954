"""`xunjian probe ID TARGET`: one safe probe alone, which is also how the evidence before a repair is taken."""

import json
import logging
from typing import TYPE_CHECKING, Annotated

import typer

from flows import console
from flows.clearly import CONTRACT, ContractDir, Format, FormatOption, clearly
from flows.exit_codes import FAILED, FINE, PROBLEMS

if TYPE_CHECKING:
    from flows.single_probe import Single


def probe(
    probe_id: Annotated[str, typer.Argument(metavar="探测项", help="见 xunjian probe --list")] = "",
    target: Annotated[str, typer.Argument(metavar="目标", help="网址、主机:端口或主机，限合同里的资产")] = "",
    vantage: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="here|bastion:名称|host",
            help="从哪里看；不写就是本机，只能在主机上看的就是主机，记在漏洞名下的按台账",
        ),
    ] = "",
    given: Annotated[list[str] | None, typer.Option("--set", metavar="参数=值", help="探测参数；可写多次")] = None,
    finding: Annotated[str, typer.Option("--finding", metavar="编号", help="记在这个漏洞名下，参数和位置按台账")] = "",
    before: Annotated[bool, typer.Option("--before", help="作为整改前的证据；要写 --finding、--who 和 --why")] = False,
    who: Annotated[str, typer.Option("--who", metavar="姓名", help="取证人")] = "",
    why: Annotated[str, typer.Option("--why", metavar="说明", help="为什么取证")] = "",
    listing: Annotated[bool, typer.Option("--list", help="列出全部探测项：探测什么、从哪里、发送什么")] = False,
    form: FormatOption = Format.TEXT,
    contract: ContractDir = CONTRACT,
) -> None:
    """单独做一次安全探测，记入台账。没有看到漏洞退出码为 0，看到为 1，没有测到为 3。"""
    with clearly(contract):
        if listing:
            _list(as_json=form is Format.JSON)
            raise typer.Exit(FINE)
        from datetime import UTC, datetime

        from checks.slots import RequestError
        from flows.ready import loaded_contract
        from flows.retest_plan import alone
        from tasks.ledger import Ledger
        from tasks.settings import Settings

        if not probe_id or not target:
            raise RequestError("写上探测项和目标，例如 xunjian probe port-closed oa-cache-01:6379；探测项见 --list")
        if before and not (finding and who.strip() and why.strip()):
            raise RequestError("整改前的证据要写明漏洞（--finding）、取证人（--who）和说明（--why）")
        settings = Settings(contract=contract)
        loaded = loaded_contract(settings)
        book = Ledger(settings.ledger, sm3=settings.sm3)
        sight = alone(book, loaded, (probe_id, target), vantage, given or [], finding, datetime.now(UTC))
        from flows.office import Office
        from flows.single_probe import taken_alone

        logging.getLogger("xunjian").addHandler(logging.NullHandler())  # what was found is said below
        done = taken_alone(Office(settings), sight, who, why, before=before)
        if done is None:
            raise RequestError(f"{sight.name} 正在探测，稍后再试")
        if form is Format.JSON:
            typer.echo(json.dumps(_as_json(done), ensure_ascii=False, indent=1))
        else:
            _say(done)
        raise typer.Exit(FINE if done.seen.finding.state == "OK" else PROBLEMS if done.seen.shows else FAILED)


def _list(*, as_json: bool) -> None:
    from checks.safe_probe import Vantage, safe_probes

    probes = safe_probes()
    if as_json:
        said = [
            {"id": one.id, "title": one.title, "version": one.version, "kind": one.kind.value, "sends": one.sends,
             "vantages": sorted(one.vantages), "params": one.params.model_json_schema().get("properties", {})}
            for one in probes
        ]  # fmt: skip
        typer.echo(json.dumps(said, ensure_ascii=False, indent=1))
        return
    rows = []
    for one in probes:
        places = "、".join(each.value for each in Vantage if each in one.vantages)
        params = "、".join(one.params.model_fields) or "—"
        rows.append([f"{one.id}\n{one.title}", places, params, one.sends])
    console.table(f"安全探测 {len(rows)} 项", ["探测项", "从哪里", "参数", "发送什么"], rows)


def _say(done: "Single") -> None:
    seen, visit = done.seen, done.seen.visit
    colour = {"OK": "green", "WARN": "yellow", "CRIT": "bold red"}.get(seen.finding.state, "magenta")
    console.say(f"{visit.probe} {visit.asset}：{seen.finding.state.label}：{seen.finding.summary}", style=colour)
    console.say(f"身份：{visit.identity or '没有出示'}")
    for line in visit.sent:
        console.say(f"发送：{line}")
    if seen.evidence:
        console.say(f"证据：{seen.evidence.path}")
    console.say(f"运行：{seen.run}")
    if done.entered:
        console.say(done.entered)


def _as_json(done: "Single") -> dict[str, object]:
    seen = done.seen
    return {
        "probe": seen.visit.probe,
        "version": seen.visit.version,
        "asset": seen.visit.asset,
        "vantage": seen.visit.vantage,
        "way": seen.visit.way,
        "params": seen.visit.params,
        "identity": seen.visit.identity,
        "state": seen.finding.state.value,
        "summary": seen.finding.summary,
        "reason": seen.finding.reason.value if seen.finding.reason else None,
        "sent": list(seen.visit.sent),
        "evidence": seen.evidence.path if seen.evidence else None,
        "run": seen.run,
        "register": done.entered,
    }
