"""`xunjian report explain`: of each figure of a report, the named query and the rows of the ledger."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows import console
from flows.clearly import CONTRACT, ContractDir, check_ledger, clearly
from flows.exit_codes import FINE, PROBLEMS

if TYPE_CHECKING:
    from flows.report_explain import Changed, Figure, Listed
    from tasks.settings import Settings

_LINE = 60  # characters of a line that tell which it is


def explain(
    file: Annotated[Path, typer.Argument(metavar="文件", help="报告（docx、pdf、html、md），或它的 .figures.json")],
    find: Annotated[str, typer.Option("--find", metavar="文字", help="只看标题、行或查询里有这些字的数字")] = "",
    rows: Annotated[bool, typer.Option("--rows", help="列出每个数字依据的全部台账行")] = False,
    check: Annotated[bool, typer.Option("--check", help="现在再查一次台账，列出与报告不同的数字")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
    contract: ContractDir = CONTRACT,
) -> None:
    """每个数字的出处：由哪个查询得出，依据台账的哪些行。文件改过的，退出码为 1。"""
    from tasks.settings import Settings

    with clearly(contract):
        settings = Settings(contract=contract)
        with console.busy("正在读清单……"):
            from flows.report_explain import is_changed, listed

        found = listed(file, settings.reports_dir)
        changed = is_changed(file, found)
        figures = [one for one in found.figures if find in f"{one.where}\n{one.line}\n{one.query}"]
        now, unsound = _asked_again(settings, found) if check else (None, False)
        if as_json:
            _as_json(file, found, figures, now, changed=changed)
        else:
            _as_text(file, found, figures, now, changed=changed, rows=rows)
    raise typer.Exit(PROBLEMS if changed or now or unsound else FINE)


def _asked_again(settings: "Settings", found: "Listed") -> "tuple[list[Changed], bool]":
    """What the ledger, as it is now, would answer otherwise; whether it was rewritten since is said first."""
    import tempfile

    check_ledger(settings)
    with console.busy("正在再查台账……"), tempfile.TemporaryDirectory() as folder:
        from flows.office import Office
        from flows.report_desk import named_of
        from flows.report_explain import compare, listed
        from flows.report_files import build, kind_of
        from tasks.ledger.part import verify_part
        from tasks.report import Format

        office, cover = Office(settings), found.cover
        wrong = verify_part(settings.ledger, settings.evidence_dir, cover.first, cover.last, cover.head).problems
        for problem in wrong:
            console.complain(f"台账核对不通过：{problem.what}")
        named = named_of(office, kind_of(office, found.kind), found.cover.name)
        [made] = build(office, found.kind, named, [Format.ARTIFACT], out=Path(folder)).values()
        return compare(found, listed(made, Path(folder))), bool(wrong)


def _as_text(
    file: Path, found: "Listed", figures: "list[Figure]", now: "list[Changed] | None", *, changed: bool, rows: bool
) -> None:
    cover = found.cover
    console.say(f"{file.name}：{cover.name}，密级 {cover.grade.label}，数据截至 {cover.as_of:%Y-%m-%d %H:%M}")
    console.say(f"台账链头：{cover.head or '还没有封存任何记录'}")
    if changed:
        console.complain("文件在生成之后改过：下面是生成时的数字，与文件里的可能不同")
    for one in figures:
        console.say()
        console.say(f"{one.shown}　　{one.where}", style="bold")
        console.say(f"  所在：{one.line if len(one.line) <= _LINE else one.line[: _LINE - 1] + '…'}")
        console.say(f"  查询：{one.query or '（没有名称）'}{f'（{one.meaning}）' if one.meaning else ''}")
        console.say(f"  依据：台账 {len(one.rows)} 行{'' if rows or not one.rows else f'，如 {one.rows[0]}'}")
        for row in one.rows if rows else ():
            console.say(f"    {row}")
    console.say(f"\n共 {len(figures)} 个数字" + ("" if rows else "；加 --rows 列出全部依据"))
    if now is not None:
        _differences(now)


def _differences(now: "list[Changed]") -> None:
    rows = [[one.where, one.query, "、".join(one.before) or "没有", "、".join(one.now) or "没有"] for one in now]
    console.listing("与现在的台账不同的", ["标题", "查询", "报告里", "现在"], rows, "再查一次，每个数字都相同")


def _as_json(
    file: Path, found: "Listed", figures: "list[Figure]", now: "list[Changed] | None", *, changed: bool
) -> None:
    said = {
        "file": file.name,
        "changed": changed,
        "kind": found.kind,
        "cover": found.cover.model_dump(mode="json"),
        "figures": [{**one.model_dump(), "meaning": one.meaning} for one in figures],
        "different": None if now is None else [one._asdict() for one in now],
    }
    typer.echo(json.dumps(said, ensure_ascii=False, indent=1))
