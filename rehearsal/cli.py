"""`xunjian rehearsal`: the practice estate on the command line. Exit codes: 0 fine, 2 wrong input, 3 could not."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from rehearsal.errors import RehearsalError
from rehearsal.faults import DESK_FAULTS, FAULTS, Caught, UnknownFaultError
from rehearsal.layout import DEFAULT_BASE_PORT, TITLES

if TYPE_CHECKING:
    from rehearsal.estate import Estate, Status

app = typer.Typer(
    name="rehearsal",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="演练环境：三个仿真的办公系统和十二台主机，供演示、测试和演练巡检使用（只监听 127.0.0.1）。",
    epilog="示例：xunjian rehearsal up；xunjian rehearsal fault oa-slow；xunjian rehearsal clear",
)

BasePort = Annotated[
    int,
    typer.Option(
        "--base-port",
        min=1,
        max=65513,
        help="起始端口；其后五个端口给三个系统和两个收通知的服务，加 22 的给堡垒机。",
    ),
]


@contextlib.contextmanager
def _spoken() -> Iterator[None]:
    """Errors become one Chinese line and an exit code."""
    try:
        yield
    except UnknownFaultError as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(2) from error
    except RehearsalError as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(3) from error
    except OSError as error:
        typer.secho(f"读写文件失败：{error}", fg="red", err=True)
        raise typer.Exit(3) from error


def _estate(base_port: int = DEFAULT_BASE_PORT, *, hosts: bool = False) -> "Estate":
    from rehearsal.estate import Estate

    return Estate(base_port=base_port, hosts=hosts)


def _show(status: "Status") -> None:
    if not status.running:
        typer.echo("演练环境没有运行。启动：xunjian rehearsal up")
        return
    typer.echo(f"演练环境正在运行（进程 {status.pid}）")
    for name, url in status.urls.items():
        typer.echo(f"  {TITLES[name]}　{url}")
    if status.bastion:
        typer.echo(f"  十二台主机　经堡垒机 127.0.0.1:{status.bastion}")
    typer.echo("当前故障：" + ("、".join(status.faults) or "无"))


@app.command(epilog="示例：xunjian rehearsal up --base-port 18400")
def up(base_port: BasePort = DEFAULT_BASE_PORT) -> None:
    """启动演练环境，等到三个系统和十二台主机都能访问；已在运行时只显示状态。"""
    with _spoken():
        estate = _estate(base_port, hosts=True)
        _show(estate.up())
        typer.echo(f"巡检账号和密码：{estate.secrets_dir}")
        typer.echo(f"演练 CA 证书：{estate.ca_file}")
        typer.echo(f"演练主机的密钥：{estate.hosts.known_hosts}")


@app.command(epilog="示例：xunjian rehearsal down")
def down() -> None:
    """停止演练环境（只停止它自己的进程）。"""
    with _spoken():
        typer.echo("演练环境已停止。" if _estate().down() else "演练环境没有在运行。")


@app.command(epilog="示例：xunjian rehearsal status")
def status() -> None:
    """显示演练环境是否运行、各系统地址和当前故障。"""
    with _spoken():
        _show(_estate().status())


@app.command(epilog="示例：xunjian rehearsal fault archive-down")
def fault(name: Annotated[str, typer.Argument(help="故障名称，见 xunjian rehearsal faults。")]) -> None:
    """打开一个故障；已打开的故障保持不变。"""
    with _spoken():
        _show(_estate().fault(name))


@app.command(epilog="示例：xunjian rehearsal clear")
def clear() -> None:
    """关闭所有故障，恢复正常。"""
    with _spoken():
        _show(_estate().clear())


def _expected(caught_by: tuple[Caught, ...]) -> str:
    lines = [f"{target} {check} {state}" for target, check, state in caught_by]
    return "\n".join(lines if len(lines) <= 3 else [*lines[:2], f"……共 {len(lines)} 项"])


@app.command("faults", epilog="示例：xunjian rehearsal faults")
def list_faults() -> None:
    """列出全部故障，以及巡检应当报告的结果。"""
    from rich.console import Console
    from rich.table import Table

    from rehearsal.hosts.faults import ALL_FAULTS

    table = Table(title=f"演练故障（{len(FAULTS) + len(DESK_FAULTS) + len(ALL_FAULTS)} 个）")
    table.add_column("名称", no_wrap=True)
    table.add_column("说明", overflow="fold")
    table.add_column("巡检应报告", no_wrap=True)
    for item in (*FAULTS, *DESK_FAULTS):
        table.add_row(item.name, f"{TITLES[item.system]}：{item.title}", _expected(item.caught_by))
    for one in ALL_FAULTS:
        table.add_row(one.name, one.title, _expected(one.caught_by))
    Console().print(table)


if __name__ == "__main__":
    app()
