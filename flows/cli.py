"""The command line. What a command needs is imported inside it: Prefect alone would cost every command two seconds."""

import gc
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from checks import os_words
from flows import (
    availability_cli,
    baseline_cli,
    console,
    documents_cli,
    downtime_cli,
    drill_cli,
    evidence_cli,
    findings_cli,
    incident_cli,
    ledger_cli,
    notify_cli,
    probe_cli,
    report_cli,
    retest_cli,
    run_cli,
)
from flows.clearly import CONTRACT, ContractDir, Format, FormatOption, clearly
from flows.exit_codes import CONFIGURATION, FINE
from flows.ready import hosts_ready, loaded_contract, ssh_mistakes
from rehearsal import cli as rehearsal

if TYPE_CHECKING:
    from checks.contract import Contract
    from tasks import secrets
    from tasks.contract_folder import FolderError

app = typer.Typer(
    help="巡检：按运维合同执行各项巡检、备份检查和恢复演练，照看时限和文档，记入台账，出具报告。",
    epilog="退出码：0 正常；1 巡检发现问题；2 配置或命令行有错；3 未能巡检，或未能记录；130 被中断。",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
)
app.add_typer(run_cli.app, name="run")
app.add_typer(drill_cli.app, name="drill")
app.add_typer(rehearsal.app, name="rehearsal")
journey_app = typer.Typer(help="处理 playwright codegen 录制的走查文件。", no_args_is_help=True)
app.add_typer(journey_app, name="journey")
app.add_typer(evidence_cli.app, name="evidence")
app.command(epilog="例：xunjian coverage 2026-11　　xunjian coverage 2026-W47 --picture 履约.png")(ledger_cli.coverage)
app.command(
    epilog="例：xunjian excuse page-inspection/oa/2026-11-20 --who 张三 --why 机房停电 --document 停电通知〔2026〕3号"
)(ledger_cli.excuse)
app.command(epilog="例：xunjian availability 2026-11　　xunjian availability 2026-W47 --picture 可用性.png")(
    availability_cli.availability
)
app.command("notify-test", epilog="例：xunjian notify-test　　xunjian notify-test --channel mail")(
    notify_cli.notify_test
)
app.add_typer(incident_cli.app, name="incident")
app.add_typer(downtime_cli.downtime_app, name="downtime")
app.add_typer(downtime_cli.support_app, name="support")
app.add_typer(documents_cli.app, name="documents")
app.add_typer(baseline_cli.app, name="baseline")
app.add_typer(report_cli.app, name="report")
app.add_typer(findings_cli.app, name="findings")
app.command(
    epilog="例：xunjian probe --list　　xunjian probe tls-min-version https://oa-web-01/ --finding F-2026-012 --before "
    "--who 张三 --why 整改前取证"
)(probe_cli.probe)
app.command(epilog="例：xunjian retest F-2026-012 --who 李四 --why 整改完成 --fixed-by 张三")(retest_cli.retest)
app.add_typer(ledger_cli.audit_app, name="audit")
app.add_typer(ledger_cli.ledger_app, name="ledger")

RecordedFile = Annotated[Path, typer.Argument(metavar="文件", help="录制的 .py 文件")]


@app.command(epilog="例：xunjian validate --contract contract　　xunjian validate --format json")
def validate(
    contract: ContractDir = CONTRACT,
    form: FormatOption = Format.TEXT,
) -> None:
    """检查合同目录：一次列出全部错误，指明文件、行和改法。"""
    from tasks import secrets
    from tasks.contract_folder import ContractError, check_files, load
    from tasks.settings import Settings

    found: Contract | None = None
    hints: list[str] = []
    folder = Settings().secrets_dir
    try:
        found = load(contract)
        errors = [*check_files(contract, found, secrets.known(folder)), *ssh_mistakes(contract, found)]
        hints = [*_missing_secrets(contract, found, folder), *_missing_key(found)]
    except ContractError as error:
        errors = error.errors
    if form is Format.JSON:
        _as_json(contract, found, errors, hints)
    elif errors or found is None:
        for one in errors:
            console.place(str(contract / one.file), one.line, one.field, one.what, one.remedy)
        console.say(f"\n共 {len(errors)} 处错误", style="bold red")
    else:
        _summary(found)
    if form is Format.TEXT:
        for hint in hints:
            console.say(f"提示：{hint}", style="yellow")
    raise typer.Exit(CONFIGURATION if errors else FINE)


@app.command(epilog="例：xunjian schema contract")
def schema(
    folder: Annotated[
        Path, typer.Argument(envvar="XUNJIAN_CONTRACT", metavar="目录", help="写到哪里，一般是合同目录")
    ] = CONTRACT,
) -> None:
    """写出合同文件的 JSON Schema，供编辑器补全和提示。"""
    import json

    from tasks.contract_folder import schema as schemas

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in schemas().items():
            (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            console.say(f"已写 {folder / name}")
    except OSError as error:
        console.complain(f"写不进 {folder}：{os_words.say(error)}；换一个目录，或看权限")
        raise typer.Exit(CONFIGURATION) from error
    console.say("\n把下面一行放到文件的第一行，编辑器就会补全：")
    console.say("contract.yaml　　 # yaml-language-server: $schema=contract.schema.json")
    console.say("systems/*.yaml　　# yaml-language-server: $schema=../system.schema.json")
    console.say("hosts/*.yaml　　　# yaml-language-server: $schema=../hosts.schema.json")
    console.say("backups/*.yaml　　# yaml-language-server: $schema=../backups.schema.json")


@journey_app.command(epilog="例：xunjian journey check contract/journeys/todo.py")
def check(file: RecordedFile) -> None:
    """检查一个录制文件：有没有口令、有没有期望、能不能执行。"""
    source, known = _recorded(file)
    raise typer.Exit(_problems(file, source, known))


@journey_app.command(epilog="例：xunjian journey scrub contract/journeys/todo.py --dry-run")
def scrub(
    file: RecordedFile,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说要换什么，不改文件")] = False,
) -> None:
    """把录制文件里的口令换成口令名，其余一字不动。"""
    from tasks import recorded

    source, known = _recorded(file)
    try:
        clean, names = recorded.scrub(source, known)
    except ValueError as error:
        console.complain(f"{file}：{error}")
        raise typer.Exit(CONFIGURATION) from error
    if names and not dry_run:
        file.write_text(clean, encoding="utf-8", newline="")
    done = "要换" if dry_run else "已换"
    console.say(f"{done}成口令名：{'、'.join(names)}" if names else "没有可换的口令")
    raise typer.Exit(_problems(file, clean, known))


@app.command(epilog="例：xunjian host-script oa-app-01　　xunjian host-script oa-app-01 --forced > inspect")
def host_script(
    host: Annotated[str, typer.Argument(metavar="主机名", help="合同里的主机")],
    forced: Annotated[
        bool, typer.Option("--forced", help="写成 authorized_keys 里 command= 用的强制命令，由主机管理员安装")
    ] = False,
    programs: Annotated[bool, typer.Option("--programs", help="列出脚本会用到的程序和理由，不打印脚本")] = False,
    contract: ContractDir = CONTRACT,
) -> None:
    """打印一台主机上将要执行的脚本，一字不差（只缺第一行的随机数），供主机管理员审阅。"""
    from tasks.settings import Settings

    with clearly(contract):
        loaded, _ = hosts_ready(Settings(contract=contract), [host], "")
        text = loaded.host(host).script.text
        if programs:
            from checks.allowlist import PROGRAMS

            used = [[name, why] for name, why in PROGRAMS.items() if re.search(rf"(?<![\w.-]){name}(?![\w-])", text)]
            console.table("脚本只会启动这些程序", ["程序", "用来做什么"], used)
        else:
            from checks.host_script import forced_command

            typer.echo(forced_command(text) if forced else text, nl=False)


@app.command(epilog="例：xunjian trust bastion　　xunjian trust oa-app-01　　xunjian trust --all")
def trust(
    host: Annotated[list[str] | None, typer.Argument(metavar="主机名…", help="ssh_config 里的主机或堡垒机")] = None,
    every: Annotated[bool, typer.Option("--all", help="合同里的全部堡垒机和主机")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="不询问：指纹已经用别的途径核对过")] = False,
    contract: ContractDir = CONTRACT,
) -> None:
    """登记主机密钥：显示对方出示的指纹，核对后才登记。换过的密钥要先从文件里删去旧的。"""
    from tasks.settings import Settings

    with clearly(contract):
        settings = Settings(contract=contract)
        from flows import trust as trusting

        code = trusting.trust(settings, host or [], every=every, yes=yes)
    raise typer.Exit(code)


@app.command(epilog="例：xunjian up --contract /etc/xunjian/contract")
def up(
    contract: ContractDir = CONTRACT,
    catch_up: Annotated[bool, typer.Option("--catch-up/--no-catch-up", help="启动时补做今天、本周该做而未做的")] = True,
) -> None:
    """启动 Prefect 服务、部署计划并执行巡检，直到收到停止信号（Ctrl-C 或 SIGTERM）。"""
    from tasks.settings import Settings

    with clearly(contract):
        settings = Settings(contract=contract)
        loaded = loaded_contract(settings)
        from flows import service

        service.up(settings, loaded, catching_up=catch_up)


def _recorded(file: Path) -> "tuple[str, secrets.Secrets]":
    from tasks import secrets
    from tasks.settings import Settings

    try:
        source = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        console.complain(f"读不出 {file}：{os_words.say(error)}")
        raise typer.Exit(CONFIGURATION) from error
    except UnicodeDecodeError as error:
        console.complain(f"{file} 不是 UTF-8 编码；用编辑器另存为 UTF-8")
        raise typer.Exit(CONFIGURATION) from error
    return source, secrets.known(Settings().secrets_dir)


def _problems(file: Path, source: str, known: "secrets.Secrets") -> int:
    from tasks import recorded

    problems = recorded.problems(source, known)
    for problem in problems:
        console.place(str(file), problem.line, "", problem.what, problem.remedy)
    console.say(f"共 {len(problems)} 处问题" if problems else f"没有问题（对照了 {len(known)} 个口令）")
    return CONFIGURATION if problems else FINE


def _missing_secrets(folder: Path, contract: "Contract", secrets_dir: Path) -> list[str]:
    """Say which secrets this machine lacks: a contract may well be written on another."""
    from tasks import secrets
    from tasks.contract_folder import secret_names

    said = []
    used = [(system.id, secret_names(folder, system)) for system in contract.systems]
    used += [(placed.host.name, contract.access_secrets(placed.host.name)) for placed in contract.all_hosts()]
    used += [(placed.target, placed.backup.secret_names()) for placed in contract.all_backups()]
    told: set[str] = set()
    for user, names in used:
        for name in names:
            try:
                secrets.read(name, secrets_dir)
            except secrets.SecretError as error:
                if name not in told:  # twelve hosts share one key
                    said.append(f"{user} 用到的口令：{error}")
                told.add(name)
    return said


def _missing_key(contract: "Contract") -> list[str]:
    from tasks.evidence import Store
    from tasks.secrets import SecretError
    from tasks.settings import Settings

    sealed = ["截图"] if any(system.sealed for system in contract.systems) else []
    sealed += ["文档"] if any(one.grade.sealed for one in contract.documents) else []
    try:
        if sealed:
            Store(Settings()).check_key()
    except SecretError as error:
        return [f"加密{'和'.join(sealed)}用到的口令：{error}"]
    return []


def _counts(contract: "Contract") -> list[tuple[str, str, str, int, int]]:
    from checks.journey import walk

    return [
        (one.id, one.name, str(one.url), len(one.journeys), sum(1 for part in one.targets() for _ in walk(part.steps)))
        for one in contract.systems
    ]


def _summary(contract: "Contract") -> None:
    heads = ["编号", "系统", "网址", "走查", "步骤"]
    rows = _counts(contract)
    console.table(contract.name, heads, [[str(cell) for cell in row] for row in rows])
    journeys, steps = sum(row[3] for row in rows), sum(row[4] for row in rows)
    hosts = f"，{len(contract.all_hosts())} 台主机" if contract.hosts else ""
    backups = f"，{len(contract.all_backups())} 种备份" if contract.backups else ""
    console.say(f"没有错误：{len(rows)} 个系统，{journeys} 个走查，{steps} 步{hosts}{backups}", style="green")


def _as_json(folder: Path, contract: "Contract | None", errors: "list[FolderError]", hints: list[str]) -> None:
    import json

    names = ("id", "name", "url", "journeys", "steps")
    report = {
        "contract": str(folder),
        "errors": [error._asdict() for error in errors],
        "hints": hints,
        "systems": [dict(zip(names, row, strict=True)) for row in _counts(contract)] if contract else [],
    }
    typer.echo(json.dumps(report, ensure_ascii=False, indent=1))


def main() -> None:
    """Start the program. What it and its children write is for this account alone: most of it is grade 2."""
    os.umask(0o077)
    gc.set_threshold(50_000)  # or a tenth of a short command's time goes into searching what was just imported
    sys.exit(console.run(app))


if __name__ == "__main__":
    main()
