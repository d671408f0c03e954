"""The contract folder: `contract.yaml`, one file per system in `systems/`, recorded journeys beside them."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, create_model

from checks.contract import Contract, System, problems
from checks.journey import Strict
from tasks import recorded
from tasks.contract_folder.mistakes import ContractError, FolderError
from tasks.contract_folder.sheet import Sheet, read_text

__all__ = ["ContractError", "FolderError", "check_files", "hash_of", "load", "schema", "secret_names"]

_SHORTEST = 4  # a shorter secret turns up by chance


def load(folder: Path) -> Contract:
    """Read the folder.

    Raises:
        ContractError: with every mistake in every file.
    """
    if not folder.is_dir():
        remedy = "用 --contract 或环境变量 XUNJIAN_CONTRACT 指明合同目录"
        raise ContractError([FolderError(".", 1, "", f"没有合同目录 {folder}", remedy)])
    errors: list[FolderError] = []
    sheets: list[Sheet] = []
    systems: list[System] = []
    names = _system_files(folder, errors)
    for name in names:
        sheet = Sheet(folder, name)
        system = sheet.validate(System, sheet.data)
        errors += sheet.errors
        if system is not None:
            sheets.append(sheet)
            systems.append(system)
    head = Sheet(folder, "contract.yaml")
    if isinstance(head.data, dict) and "systems" in head.data:
        head.error(("systems",), "系统不写在这里", "每个系统一个文件，放在 systems/ 里，例如 systems/oa.yaml")
    # A system that is wrong on its own is left out: what is wrong across the others is told all the same.
    whole = {**head.data, "systems": systems} if isinstance(head.data, dict) else head.data
    contract = head.validate(Contract, whole, but="systems" if not systems else None)
    if contract is not None:
        for problem in problems(contract):
            here, where = head, problem.where
            if where[:1] == ("systems",) and len(where) > 1 and isinstance(where[1], int):
                here, where = sheets[where[1]], where[2:]
            here.error(where, problem.what, problem.remedy)
    for sheet, system in zip(sheets, systems, strict=True):
        _look_for_recorded(folder, sheet, system)
    errors += [error for sheet in (*sheets, head) for error in sheet.errors]
    if errors or contract is None:
        raise ContractError(_in_order(errors))
    return contract


def hash_of(folder: Path) -> str:
    """SHA-256 over everything that says what is inspected: names and bytes, in a fixed order."""
    files = [folder / "contract.yaml", *folder.glob("systems/*.yaml"), *folder.rglob("*.py")]
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda file: file.relative_to(folder).as_posix()):
        for part in (path.relative_to(folder).as_posix().encode(), path.read_bytes()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def check_files(folder: Path, contract: Contract, known: Mapping[str, str]) -> list[FolderError]:
    """Look into the files of a contract that loads: recorded journeys, and secrets written out in YAML.

    Args:
        known: names and values of secrets.
    """
    recorded_problems = [
        FolderError(name, problem.line, "", problem.what, problem.remedy)
        for name, source in _sources(folder, contract.systems).items()
        for problem in recorded.problems(source, known)
    ]
    return _in_order([*recorded_problems, *_secrets_in_yaml(folder, contract, known)])


def _secrets_in_yaml(folder: Path, contract: Contract, known: Mapping[str, str]) -> Iterator[FolderError]:
    aliases = {system.account for system in contract.systems}  # often the user's name, and no secret
    hidden = {name: value for name, value in known.items() if len(value) >= _SHORTEST and value not in aliases}
    for path in (folder / "contract.yaml", *sorted(folder.glob("systems/*.yaml"))):
        for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
            for name in (name for name, value in hidden.items() if value in line):
                file = path.relative_to(folder).as_posix()
                yield FolderError(file, number, "", f"写着口令 {name} 本身", f"改写成 secret: {name}")


def secret_names(folder: Path, system: System) -> list[str]:
    """The secrets that a system's login, journeys and recorded files use, by name."""
    in_files = [name for source in _sources(folder, [system]).values() for name in recorded.secret_names(source)]
    return list(dict.fromkeys([*system.secret_names(), *in_files]))


def schema() -> dict[str, dict[str, Any]]:
    """JSON Schemas by file name: one for `contract.yaml`, one for a system's file. Editors complete from them."""
    head: Any = {name: (field.annotation, field) for name, field in Contract.model_fields.items() if name != "systems"}
    models: dict[str, type[BaseModel]] = {
        "contract": create_model("Contract", __base__=Strict, **head),
        "system": System,
    }
    return {
        f"{name}.schema.json": {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
        for name, model in models.items()
    }


def _system_files(folder: Path, errors: list[FolderError]) -> list[str]:
    at = folder / "systems"
    files = sorted(path for path in at.iterdir() if not path.name.startswith(".")) if at.is_dir() else []
    names = [f"systems/{path.name}" for path in files if path.suffix == ".yaml"]
    for path in files:
        if path.suffix.lower() in (".yml", ".yaml") and path.suffix != ".yaml":
            errors.append(FolderError(f"systems/{path.name}", 1, "", "扩展名不是 .yaml", f"改名为 {path.stem}.yaml"))
    if not names and not errors:
        errors.append(FolderError("systems", 1, "", "没有系统", "每个系统写一个文件，例如 systems/oa.yaml"))
    return names


def _look_for_recorded(folder: Path, sheet: Sheet, system: System) -> None:
    for number, part in enumerate(system.journeys):
        if part.recorded is None:
            continue
        where = ("journeys", number, "recorded")
        path = folder / part.recorded
        if not path.is_file():
            sheet.error(where, f"没有录制文件 {part.recorded}", f"把 playwright codegen 写出的文件放到 {path}")
        elif not path.resolve().is_relative_to(folder.resolve()):
            sheet.error(where, "录制文件在合同目录之外", f"把文件本身（不是链接）放到 {folder} 里")
        else:
            try:
                tree = recorded.parse(read_text(folder, part.recorded))
            except ContractError as error:
                sheet.errors += error.errors
                continue
            if isinstance(tree, recorded.Problem):
                sheet.errors.append(FolderError(part.recorded, tree.line, "", tree.what, tree.remedy))


def _sources(folder: Path, systems: list[System]) -> dict[str, str]:
    names = dict.fromkeys(part.recorded for system in systems for part in system.journeys if part.recorded)
    return {name: read_text(folder, name) for name in names}


def _in_order(errors: list[FolderError]) -> list[FolderError]:
    return sorted(set(errors), key=lambda error: (error.file != "contract.yaml", error))
