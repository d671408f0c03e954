"""`xunjian run …`: a duty carried out now, by the same flow as in the UI."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from flows import console
from flows.clearly import CONTRACT, ContractDir, clearly
from flows.exit_codes import FINE
from flows.ready import backups_ready, baseline_ready, hosts_ready, loaded_contract, pages_ready

if TYPE_CHECKING:
    from checks.backup import Backup, PlacedBackup
    from checks.backup_check import BackupCheck
    from checks.host import Placed
    from checks.restore_check import RestoreCheck

Backups = Annotated[
    list[str] | None, typer.Option("--backup", metavar="编号", help="只看这份备份；可写多次，不写就是全部")
]
Reason = Annotated[str, typer.Option("--why", metavar="原因", help="记入台账，例如“整改后复查”")]

app = typer.Typer(help="立即执行一项职责。", no_args_is_help=True)


@app.command(epilog="例：xunjian run page-inspection --system oa　　xunjian run page-inspection --dry-run")
def page_inspection(
    system: Annotated[
        list[str] | None, typer.Option("--system", metavar="编号", help="只巡检这个系统；可写多次，不写就是全部")
    ] = None,
    day: Annotated[str, typer.Option("--date", metavar="年-月-日", help="巡检日期，不写就是今天")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只列出将要检查的内容，不打开页面，不记台账")] = False,
    why: Reason = "",
    contract: ContractDir = CONTRACT,
) -> None:
    """每日页面巡检：走查各系统页面，记入台账，生成日报。"""
    from tasks.settings import Settings

    with clearly(contract):
        settings = Settings(contract=contract)
        loaded = pages_ready(settings, system or [], day)
        from flows import shell

        code = shell.page_inspection(loaded, system or [], day, dry_run=dry_run, why=why, settings=settings)
    raise typer.Exit(code)


@app.command(epilog="例：xunjian run host-inspection　　xunjian run host-inspection --host oa-db-01 --why 整改后复查")
def host_inspection(
    host: Annotated[
        list[str] | None, typer.Option("--host", metavar="主机名", help="只巡检这台主机；可写多次，不写就是全部")
    ] = None,
    day: Annotated[str, typer.Option("--date", metavar="年-月-日", help="该周的任一天，不写就是今天")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只打印将要执行的脚本，不连接主机，不记台账")] = False,
    why: Reason = "",
    contract: ContractDir = CONTRACT,
) -> None:
    """每周主机巡检：每台主机一次 SSH 连接、一个只读脚本，记入台账，生成周巡检报告。"""
    from tasks.settings import Settings

    with clearly(contract):
        settings = Settings(contract=contract)
        loaded, chosen = hosts_ready(settings, host or [], day)
        if dry_run:
            for name in chosen:
                _script(loaded.host(name), baseline=False)
            raise typer.Exit(FINE)
        from flows import shell

        code = shell.host_inspection(loaded, host or [], day, why=why, settings=settings)
    raise typer.Exit(code)


@app.command(epilog="例：xunjian run backup-check　　xunjian run backup-check --backup oa.db --why 重做备份后复查")
def backup_check(
    backup: Backups = None,
    day: Annotated[str, typer.Option("--date", metavar="年-月-日", help="检查日期，不写就是今天")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只列出将要检查的备份，不读取，不记台账")] = False,
    why: Reason = "",
    contract: ContractDir = CONTRACT,
) -> None:
    """每日备份检查：列出各份备份、读完最新的一份、看异地副本，记入台账。"""
    from tasks.settings import Settings

    with clearly(contract):
        settings = Settings(contract=contract)
        loaded, chosen = backups_ready(settings, backup or [], day)
        if dry_run:
            from checks.backup_check import planned as checking

            _backup_plan([loaded.backup(target) for target in chosen], checking)
            raise typer.Exit(FINE)
        from flows import shell

        code = shell.backup_check(loaded, backup or [], day, why=why, settings=settings)
    raise typer.Exit(code)


@app.command(epilog="例：xunjian run restore-drill　　xunjian run restore-drill --backup oa.db --why 换了备份办法")
def restore_drill(
    backup: Backups = None,
    day: Annotated[str, typer.Option("--date", metavar="年-月-日", help="该月的任一天，不写就是今天")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只列出将要恢复的备份，不读取，不记台账")] = False,
    why: Reason = "",
    contract: ContractDir = CONTRACT,
) -> None:
    """每月恢复演练：把最新的备份恢复到内存里的暂存空间，核对后清除，记入台账，生成演练报告。"""
    from tasks.settings import Settings

    with clearly(contract):
        settings = Settings(contract=contract)
        loaded, chosen = backups_ready(settings, backup or [], day, restored=True)
        if dry_run:
            from checks.restore_check import planned as restoring

            _backup_plan([loaded.backup(target) for target in chosen], restoring)
            raise typer.Exit(FINE)
        from flows import shell

        code = shell.restore_drill(loaded, backup or [], day, why=why, settings=settings)
    raise typer.Exit(code)


@app.command(epilog="例：xunjian run baseline-check　　xunjian run baseline-check --host oa-db-01 --why 加固后复查")
def baseline_check(
    host: Annotated[
        list[str] | None,
        typer.Option(
            "--host", metavar="主机名", help="只查这台主机，或 系统编号.web（该系统的网址）；可写多次，不写就是全部"
        ),
    ] = None,
    day: Annotated[str, typer.Option("--date", metavar="年-月-日", help="该月的任一天，不写就是今天")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只打印将要执行的脚本，不连接主机，不记台账")] = False,
    why: Reason = "",
    contract: ContractDir = CONTRACT,
) -> None:
    """每月等保二级自查：每台主机一次 SSH 连接、一个只读脚本，记入台账，生成等保自查报告和加固方案。"""
    from tasks.settings import Settings

    with clearly(contract):
        settings = Settings(contract=contract)
        loaded, chosen = baseline_ready(settings, host or [], day)
        if dry_run:
            for name in (one for one in chosen if "." not in one):
                _script(loaded.host(name), baseline=True)
            raise typer.Exit(FINE)
        from flows import shell

        code = shell.baseline_check(loaded, host or [], day, why=why, settings=settings)
    raise typer.Exit(code)


@app.command(epilog="例：xunjian run document-timeliness　　xunjian documents list")
def document_timeliness(
    why: Reason = "",
    contract: ContractDir = CONTRACT,
) -> None:
    """文档及时性：收下收件目录里的文档，看哪些到期、逾期，记入台账；清单用 documents list 看。"""
    from tasks.settings import Settings

    with clearly(contract):
        settings = Settings(contract=contract)
        loaded_contract(settings)
        from flows import shell

        code = shell.document_timeliness(why=why, settings=settings)
    raise typer.Exit(code)


def _script(placed: "Placed", *, baseline: bool) -> None:
    from checks.host_script import assembled

    console.say(f"# ===== {placed.host.name} =====")
    typer.echo(assembled(placed.baseline if baseline else placed.planned, sudo=placed.group.sudo).text)


def _backup_plan(
    chosen: "list[PlacedBackup]", planned: "Callable[[Backup], Iterable[BackupCheck | RestoreCheck]]"
) -> None:
    rows = []
    for target, backup in ((placed.target, placed.backup) for placed in chosen):
        items = "、".join(check.title for check in planned(backup))
        rows.append([f"{target}\n{backup.title}", f"{backup.at}\n{backup.pattern}", items])
    console.table("试运行：将要检查", ["备份", "位置", "检查项"], rows)
    console.say(f"共 {len(rows)} 份备份；没有读取备份，没有记台账")
