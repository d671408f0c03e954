"""`xunjian report queries`, `template`, `reference`: what whoever writes a template of their own begins with."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from checks import os_words
from flows import console
from flows.clearly import CONTRACT, ContractDir, clearly
from flows.exit_codes import FINE


def queries(
    part: Annotated[str, typer.Argument(metavar="文字", help="只看名称或含义里有这些字的")] = "",
) -> None:
    """列出模板可以用 ask("名称") 查的全部内容：名称、含义、参数。"""
    with clearly():
        with console.busy("正在读查询……"):
            from flows.queries import queries as every

        rows = [
            [one.name, one.meaning, "、".join(one.about) or "—"]
            for one in every().values()
            if part in f"{one.name}\n{one.meaning}"
        ]
        console.listing("查询", ["名称", "含义", "参数"], rows, f"没有含“{part}”的查询")
    raise typer.Exit(FINE)


def template(
    kind: Annotated[str, typer.Argument(metavar="种类", help="weekly、月报等；_base、_macros 是各种报告共用的")],
    contract: ContractDir = CONTRACT,
) -> None:
    """把自带的模板复制到合同目录，供修改；已有的不覆盖。"""
    with clearly(contract):
        from checks.slots import RequestError
        from flows.report_kinds import TEMPLATES, kind_called
        from tasks.report.sandbox import SUFFIX
        from tasks.report.sheet import OURS

        shared = {one.name.removesuffix(SUFFIX) for one in OURS.glob(f"_*{SUFFIX}")}
        name = kind if kind in shared else kind_called(contract.absolute(), kind).name
        source, to = OURS / f"{name}{SUFFIX}", contract / TEMPLATES / f"{name}{SUFFIX}"
        if not source.is_file():
            raise RequestError(f"{name} 是合同目录里自己的，程序没有自带的模板：{to}")
        _new(to, source)
        console.say(f"已写 {to}")
        console.say(f"改好后先看：xunjian report preview {kind}" if name not in shared else "它对各种报告都起作用")
    raise typer.Exit(FINE)


def reference(
    file: Annotated[
        Path | None, typer.Argument(metavar="文件", help="写到哪里，不写就是合同目录的 templates/reference.docx")
    ] = None,
    contract: ContractDir = CONTRACT,
) -> None:
    """写出 Word 的样式文件，在 Word 里改好就会采用。"""
    with clearly(contract):
        from flows.report_kinds import TEMPLATES
        from tasks.documents.make import reference as made

        to = file or contract / TEMPLATES / "reference.docx"
        _new(to, made())
        console.say(f"已写 {to}")
    raise typer.Exit(FINE)


def _new(to: Path, content: Path | bytes) -> None:
    """Write a file where there is none.

    Raises:
        RequestError: there is one, or it cannot be written.
    """
    from checks.slots import RequestError

    if to.exists():
        raise RequestError(f"{to} 已经有了，没有覆盖；要重新开始，先把它移走")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            to.write_bytes(content)
        else:
            shutil.copyfile(content, to)
    except OSError as error:
        raise RequestError(f"写不进 {to}：{os_words.say(error)}；换一个目录，或看权限") from error
