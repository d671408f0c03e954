"""`xunjian evidence`: what is in the evidence folder, and opening one piece of it."""

from pathlib import Path
from typing import Annotated

import typer

from flows import console
from flows.clearly import clearly
from flows.exit_codes import CONFIGURATION

app = typer.Typer(help="证据：列出截图和主机的回答，打开其中一件。", no_args_is_help=True)


@app.command(epilog="例：xunjian evidence regrade 0c5e1fb2a9d4 --who 决定人 --why 截图里有未遮盖的公文")
def regrade(
    piece: Annotated[str, typer.Argument(metavar="SHA-256", help="证据的 SHA-256，或它的文件名")],
    who: Annotated[str, typer.Option("--who", metavar="姓名", help="谁决定的")],
    why: Annotated[str, typer.Option("--why", metavar="原因", help="为什么")],
) -> None:
    """改密级：把一件证据改为非常敏感，加密保存，删去没有加密的；登记后不能改回。"""
    from datetime import UTC, datetime

    from flows.regrade import regrade as raised
    from flows.standing import from_shell
    from tasks.evidence import Store
    from tasks.ledger import Ledger
    from tasks.settings import Settings

    with clearly():
        settings = Settings()
        ledger, store = Ledger(settings.ledger), Store(settings)
        path = raised(ledger, store, piece, who, why, from_shell(), datetime.now(UTC))
        console.say(f"已加密保存为 {path}，已登记。备份里没有加密的那份，在下一次备份时删去；已发出的报告请另行收回")


@app.command("list", epilog="例：xunjian evidence list　　xunjian evidence list --date 2026-11-22")
def listed(
    day: Annotated[str, typer.Option("--date", metavar="年-月-日", help="哪一天，不写就是今天")] = "",
) -> None:
    """列出一天的截图、备份清单和那一周主机的回答：时间、对象、密级、文件。"""
    from datetime import date, datetime, timedelta

    from checks.slots import BACKUP_CHECK, HOST_INSPECTION, PAGE_INSPECTION
    from tasks import contract_folder
    from tasks.ledger import Ledger
    from tasks.settings import Settings

    with clearly():
        settings = Settings()
        zone = contract_folder.load(settings.contract).tz
        try:
            on = date.fromisoformat(day) if day else datetime.now(zone).date()
        except ValueError as error:
            console.complain(f"日期要写成 年-月-日，例如 2026-11-22；现在是 {day}")
            raise typer.Exit(CONFIGURATION) from error
        ledger, monday = Ledger(settings.ledger), on - timedelta(days=on.weekday())
        runs = [run for duty, first in ((PAGE_INSPECTION, on), (HOST_INSPECTION, monday), (BACKUP_CHECK, on))
                for run in ledger.runs(duty, first, on)]  # fmt: skip
        found = [record for run in runs for record in run.evidence]
        for one in sorted(found, key=lambda record: record.at):
            at, path = one.at.astimezone(zone), settings.evidence_dir / one.path
            console.say(f"{at:%m-%d %H:%M}  {one.target}  密级 {one.grade}  {path}")
        console.say(f"共 {len(found)} 件" if found else f"{on} 没有证据")


@app.command(
    epilog="例：xunjian evidence show 0c5e1fb2a9d4 --out 截图.jpg　　写报告里的前 12 位、整个 SHA-256 或文件名都可以"
)
def show(
    piece: Annotated[str, typer.Argument(metavar="SHA-256", help="证据的 SHA-256，或它的文件名")],
    out: Annotated[Path, typer.Option("--out", metavar="文件", help="写到这个新文件，只有自己能读")],
) -> None:
    """打开一件证据：核对它的 SHA-256，加密的用密钥解开，写到新文件；已有的文件不覆盖。"""
    from checks.secrecy import Grade
    from tasks.evidence import ENCRYPTED, Store, take_out
    from tasks.settings import Settings

    with clearly():
        store = Store(Settings())
        path, sha256 = store.find(piece)
        take_out(out, store.opened(path, sha256))
        console.say(f"SHA-256 相符：{path}\n已写 {out}")
        if path.endswith(ENCRYPTED):
            console.say(f"这是{Grade.MOST.label}，写出的文件没有加密：看完请删除", style="yellow")
