"""`xunjian retest F-2026-012`: what was mended is tested now, by the same flow as in the UI."""

from typing import Annotated

import typer

from flows import console
from flows.clearly import CONTRACT, ContractDir, Why, at_desk
from flows.exit_codes import FINE

Tester = Annotated[str, typer.Option("--who", metavar="姓名", help="复测人；不能是整改人")]


def retest(
    finding: Annotated[list[str], typer.Argument(metavar="漏洞编号…", help="例如 F-2026-012，见 xunjian findings")],
    who: Tester,
    why: Why,
    fixed_by: Annotated[
        str, typer.Option("--fixed-by", metavar="姓名", help="整改人；台账里已登记整改完成的不用写，写了就登记")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只列出将要探测的内容，不探测，不记台账")] = False,
    contract: ContractDir = CONTRACT,
) -> None:
    """整改复测：重做探测，与整改前的证据对比，记入台账，生成复测报告。全部已修复退出码为 0，否则为 1。"""
    with at_desk(contract) as desk:
        from flows.retest_plan import Claim, chosen, rows
        from tasks.settings import Settings

        those = chosen(desk.ledger, desk.contract, finding, Claim(who, fixed_by), why, desk.now)
        if dry_run:
            lines = rows(those)
            console.table("试运行：将要复测", list(lines[0]), [list(line.values()) for line in lines])
            console.say(f"共 {len(lines)} 个漏洞；没有探测，没有记台账")
            raise typer.Exit(FINE)
        from flows import shell

        numbers = [one.finding.id for one in those]
        code = shell.retest(numbers, who=who, why=why, fixed_by=fixed_by, settings=Settings(contract=contract))
    raise typer.Exit(code)
