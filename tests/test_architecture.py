"""Who may import whom (docs: the house). Imports run flows → tasks → checks; the practice estate stands apart."""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSE = ("flows", "tasks", "checks", "rehearsal")
MAY_IMPORT = {
    "checks": {"checks"},
    "tasks": {"tasks", "checks"},
    "flows": {"flows", "tasks", "checks"},
    "rehearsal": {"rehearsal", "checks"},
}
# The shell offers the practice estate, and what is practised there.
PRACTISE = {
    "flows/clearly.py",
    "flows/cli.py",
    "flows/drill_cli.py",
    "flows/demo.py",
    "flows/page_drill.py",
    "flows/availability_drill.py",
    "flows/host_drill.py",
    "flows/backup_drill.py",
    "flows/restore_faults.py",
    "flows/retest_drill.py",
}
# A library of the outside world has one importer in tasks/, a file or a package;
ONE_IMPORTER = (
    ("playwright",), ("paramiko",), ("sqlmodel", "sqlalchemy", "alembic"), ("jinja2",), ("pypandoc", "docx"),
    ("ruamel",), ("yaml",), ("PIL",), ("cryptography",), ("drain3",), ("matplotlib",), ("smtplib",),
    ("chinese_calendar",), ("fsspec", "s3fs", "botocore"), ("backports", "compression"), ("anycrc",),
    ("pypdfium2",), ("markdown_it",), ("h11",), ("tlslite",), ("openpyxl",),
)  # fmt: skip
# but for these: our own Prefect is asked over HTTP too, and whoever speaks TLS is handed what to trust.
SHARED = {"httpx": {"notify", "prefect_server.py", "probe.py"}, "ssl": {"crypto", "notify", "probe.py"}}
# What `xunjian --help`, `validate` and `schema` load; Prefect alone would take two seconds.
QUICK = {
    f"flows/{name}.py"
    for name in (
        "__init__",
        "availability_cli",
        "baseline_cli",
        "clearly",
        "cli",
        "console",
        "document_check_cli",
        "documents_cli",
        "downtime_cli",
        "drill_cli",
        "evidence_cli",
        "exit_codes",
        "findings_cli",
        "findings_import_cli",
        "incident_cli",
        "ledger_cli",
        "notify_cli",
        "ready",
        "report_cli",
        "report_explain_cli",
        "report_template_cli",
        "run_cli",
        "standing",
    )
}
FILES = sorted(path for room in HOUSE for path in (ROOT / room).rglob("*.py") if "contract" not in path.parent.parts)


def imports(path: Path, *, at_top: bool = False) -> Iterator[str]:
    """The modules a file imports; `at_top`: only those that importing the file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner = {
        node
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        or (isinstance(outer, ast.If) and ast.unparse(outer.test) == "TYPE_CHECKING")
        for node in ast.walk(outer)
    }
    for node in ast.walk(tree):
        if at_top and node in inner:
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def importers(*libraries: str) -> dict[str, set[str]]:
    """By room, the files and packages that import any of them; a package counts as one place."""
    places: dict[str, set[str]] = defaultdict(set)
    for path in FILES:
        room, *rest = path.relative_to(ROOT).parts
        for module in imports(path):
            if module.partition(".")[0] in libraries and room != "rehearsal":
                places[room].add(rest[0])
    return places


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_run_one_way(path: Path) -> None:
    room = name(path).partition("/")[0]
    allowed = MAY_IMPORT[room] | ({"rehearsal"} if name(path) in PRACTISE else set())
    found = {module.partition(".")[0] for module in imports(path)} & set(HOUSE)
    assert found <= allowed, f"{name(path)} imports {found - allowed}"


@pytest.mark.parametrize("path", [path for path in FILES if name(path).startswith("checks/")], ids=name)
def test_checks_are_pure(path: Path) -> None:
    found = {module.partition(".")[0] for module in imports(path)}
    assert found <= {*sys.stdlib_module_names, "pydantic", "checks"}


@pytest.mark.parametrize("libraries", ONE_IMPORTER, ids="+".join)
def test_the_world_is_touched_in_one_place(libraries: tuple[str, ...]) -> None:
    # Given: where each is imported
    places = importers(*libraries)
    # Then; migrations are the ledger's
    assert len(places["tasks"] - {"migrations"}) <= 1
    assert not places["flows"]
    assert not places["checks"]


@pytest.mark.parametrize("library", SHARED)
def test_some_are_shared_by_few(library: str) -> None:
    assert importers(library) == {"tasks": SHARED[library]}


def test_prefect_is_the_flows_own() -> None:
    users = {name(path) for path in FILES if any(module.partition(".")[0] == "prefect" for module in imports(path))}
    assert {user.partition("/")[0] for user in users} == {"flows"}


def test_help_does_not_load_prefect() -> None:
    """Followed from module to module, so that nothing in between can bring it in."""
    # Given
    modules = {name(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in FILES}
    seen: set[str] = set()
    wanted = ["flows.cli", "tasks.contract_folder", "tasks.secrets", "tasks.settings", "tasks.recorded"]
    # When
    while wanted:
        module = wanted.pop()
        if module not in seen:
            seen.add(module)
            wanted += [one for one in imports(modules[module], at_top=True) if one in modules]
    # Then
    outside = {one.partition(".")[0] for module in seen for one in imports(modules[module], at_top=True)}
    assert outside.isdisjoint(
        {"prefect", "playwright", "paramiko", "sqlalchemy", "sqlmodel", "alembic", "docx", "matplotlib"}
    )
    assert {f"flows/{module.partition('.')[2]}.py" for module in seen if module.startswith("flows.")} <= QUICK


@pytest.mark.parametrize("path", [path for path in FILES if name(path).startswith("flows/")], ids=name)
def test_flows_keep_their_annotations(path: Path) -> None:
    """Prefect reads them to build the forms of the UI (Prefect #19447)."""
    assert "__future__" not in set(imports(path))
