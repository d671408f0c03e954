"""`xunjian availability`: how long each system was up, and in each support period."""

import json
from pathlib import Path
from typing import Annotated

import typer

from flows import console
from flows.clearly import CONTRACT, ContractDir, Format, FormatOption, at_desk, save
from flows.exit_codes import FINE, PROBLEMS


def availability(
    period: Annotated[
        str, typer.Argument(metavar="期间", help="2026-11、2026-W47、2026-11-22 或 2026；不写就是本月")
    ] = "",
    picture: Annotated[Path | None, typer.Option("--picture", metavar="文件", help="另存每一天的图（PNG）")] = None,
    form: FormatOption = Format.TEXT,
    contract: ContractDir = CONTRACT,
) -> None:
    """可用性：各系统和各次重保正常、中断、计划内停机和不明的时间，能证明的可用率区间。

    有系统不能证明达到 99% 的，或重保要扣分、可能要扣分的，退出码为 1。
    """
    from checks.periods import period_of
    from flows import uptime, uptime_words

    with at_desk(contract) as desk:
        days = period_of(period or desk.there(desk.now, "%Y-%m"))
        found = uptime.measured(desk.ledger, desk.contract, days, desk.now)
        if form is Format.JSON:
            typer.echo(json.dumps(uptime_words.as_json(found), ensure_ascii=False, indent=1))
        else:
            rows = [uptime_words.short_cells(line) for line in found.lines]
            console.table(f"可用性 {uptime_words.title(found)}", uptime_words.SHORT_HEADS, rows)
            if found.supports:
                rows = [uptime_words.short_support_cells(one, found.zone) for one in found.supports]
                console.table("重保：各按自己的全部时间", uptime_words.SHORT_SUPPORT_HEADS, rows)
            for said in uptime_words.notes(found):
                console.say(said)
        if picture:
            save(picture, uptime_words.pictured(found))
            console.say(f"每一天的图：{picture}")
        raise typer.Exit(FINE if uptime_words.fine(found) else PROBLEMS)
