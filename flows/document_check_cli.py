"""`xunjian documents check`: a document looked through before it is handed in. Annex 4: 文档完整性、准确性、错别字."""

import json
from pathlib import Path
from typing import Annotated

import typer

from flows import console
from flows.clearly import CONTRACT, ContractDir, Format, FormatOption, at_desk
from flows.exit_codes import FAILED, FINE, PROBLEMS


def check(
    file: Annotated[Path, typer.Argument(metavar="文件", help="DOCX、PDF、MD 或 TXT")],
    subject: Annotated[
        str, typer.Option("--as", metavar="种类/周期", help="当作哪份文档，例如 monthly/2026-10、incident/G-2026-0007")
    ],
    counted: Annotated[
        int | None, typer.Option("--typos", metavar="处数", min=0, help="人工检查出的错别字，不写就是还没有检查")
    ] = None,
    form: FormatOption = Format.TEXT,
    contract: ContractDir = CONTRACT,
) -> None:
    """交前检查：应有的标题是否齐全，数字与台账是否相符。不登记。有不符的退出码为 1，读不出的为 3。"""
    with at_desk(contract) as desk:
        from checks.document_content import TITLES
        from checks.finding import Reason, State
        from flows.document_check import Hand, asked, findings_of
        from tasks.inbox import content_of
        from tasks.settings import Settings

        duty, name = asked(desk.contract, subject)
        hand = Hand(duty, name, file.name, content_of(file))
        found = findings_of(desk.ledger, Settings(contract=contract), desk.contract, hand, desk.now, counted)
        if form is Format.JSON:
            typer.echo(json.dumps([one.model_dump(mode="json") for one in found], ensure_ascii=False, indent=1))
        else:
            rows = [[f"{one.check} {TITLES[one.check]}", one.state.label, one.summary] for one in found]
            console.table(f"{duty.title} {name}：{file.name}", ["项目", "状态", "结果"], rows)
        if any(one.state is State.UNKNOWN and one.reason is not Reason.MANUAL for one in found):
            raise typer.Exit(FAILED)
        raise typer.Exit(PROBLEMS if any(one.state in (State.WARN, State.CRIT) for one in found) else FINE)
