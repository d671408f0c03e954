"""`xunjian baseline …`: what people enter of the 等保自查. Clause 七2(5)."""

from typing import Annotated

import typer

from flows import console
from flows.clearly import CONTRACT, ContractDir, Who, Why, at_desk, by
from flows.exit_codes import FINE

app = typer.Typer(
    help="等保自查：登记人工核查的结论。自查用 xunjian run baseline-check，重写报告用 xunjian report baseline。",
    no_args_is_help=True,
)

Item = Annotated[str, typer.Argument(metavar="项目", help="B12、B20 或 B23")]
Hosts = Annotated[list[str], typer.Option("--host", metavar="主机名", help="核查的主机；可写多次")]
Conclusion = Annotated[str, typer.Option("--verdict", metavar="结论", help="符合、部分符合、不符合或不适用")]


@app.command(
    epilog="例：xunjian baseline manual B12 --host oa-app-01 --verdict 符合 --who 张三 --why 逐个对照了人员名册"
)
def manual(
    item: Item,
    host: Hosts,
    verdict: Conclusion,
    who: Who,
    why: Why,
    contract: ContractDir = CONTRACT,
) -> None:
    """登记人工核查的结论，一年内有效；再登记一次就以新的为准。"""
    from checks.baseline_verdicts import manual_entry

    with at_desk(contract) as desk:
        events = [manual_entry(desk.contract, item, one, verdict, by(who, why), desk.now) for one in host]
        for event in events:
            number = desk.ledger.enter(event, desk.now)
            console.say(f"已登记第 {number} 号事件：{event.subject} {verdict}")
    raise typer.Exit(FINE)
