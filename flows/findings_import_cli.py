"""`xunjian findings import`: a report into the register, what is broken listed by row and column."""

from pathlib import Path
from typing import Annotated

import typer

from flows import console
from flows.clearly import CONTRACT, ContractDir, Who, Why, at_desk, by
from flows.exit_codes import FINE, PROBLEMS

_SHOWN = 100  # broken rows on the terminal


def take(
    file: Annotated[
        Path,
        typer.Argument(metavar="文件", help="CSV、XLSX，或 SARIF、Trivy、nuclei 的 JSON", exists=True, dir_okay=False),
    ],
    who: Who,
    why: Why,
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--mapping", metavar="对照.yaml", help="表头不认识时写明：title: 表里的列名", exists=True, dir_okay=False
        ),
    ] = None,
    asset: Annotated[str, typer.Option("--asset", metavar="资产", help="没有写资产的行用它")] = "",
    source: Annotated[str, typer.Option("--source", metavar="报告", help="来源报告；不写就是文件名")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说要做什么，不登记")] = False,
    contract: ContractDir = CONTRACT,
) -> None:
    """导入扫描报告：好的行登记，坏的行列出行号、列和原因，退出码为 1。再导入一次什么也不变。"""
    from checks.finding_list import by_severity
    from checks.finding_rows import Default
    from flows.finding_desk import FindingDesk
    from tasks.finding_files import mapping_of, read

    with at_desk(contract) as desk:
        columns = mapping_of(mapping) if mapping else {}
        table = read(file, columns, ("asset",) if asset else ())
        default = Default(source or file.stem, asset)
        findings = FindingDesk(desk.ledger, desk.contract, desk.now)
        done = findings.take(table.rows, default, table.heads, by(who, why), dry_run=dry_run)
        rows = [[str(one.number), one.column, one.reason] for one in done.broken[:_SHOWN]]
        if rows:
            console.table(f"没有登记的 {len(done.broken)} 行", ["行", "列", "原因"], rows)
        if len(done.broken) > _SHOWN:
            console.say(f"还有 {len(done.broken) - _SHOWN} 行；改好上面的再导入一次，已登记的不会重复")
        told = f"；信息级 {done.told} 行不入台账" if done.told else ""
        console.say(
            f"{'将登记' if dry_run else '已登记'} {len(done.new)} 个（{by_severity(done.new)}），"
            f"台账里已有 {done.known} 个，有错 {len(done.broken)} 行{told}"
        )
        raise typer.Exit(PROBLEMS if done.broken else FINE)
