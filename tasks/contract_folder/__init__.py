"""The contract folder: `contract.yaml`, one file per system in `systems/`, its hosts in `hosts/`, its backups in
`backups/`, recorded journeys."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, create_model

from checks.backup import BackupGroup
from checks.contract import Contract, System, problems
from checks.host import HostGroup
from checks.journey import Strict
from tasks import recorded
from tasks.contract_folder.mistakes import ContractError, FolderError
from tasks.contract_folder.sheet import Sheet, read_text

__all__ = [
    "SSH_CONFIG",
    "ContractError",
    "FolderError",
    "check_files",
    "hash_of",
    "load",
    "schema",
    "secret_names",
    "texts",
]

SSH_CONFIG = "ssh_config"
"""How the hosts are reached, in OpenSSH's own words; goes before ~/.ssh/config."""

_PARTS: dict[str, Any] = {"systems": System, "hosts": HostGroup, "backups": BackupGroup}
"""What stands in files of its own: the folder, which is also the field of Contract."""

_ONE_FILE = {"systems": "每个系统一个文件", "hosts": "每个系统的主机一个文件", "backups": "每个系统的备份一个文件"}

Model = TypeVar("Model", System, HostGroup, BackupGroup)

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
    head = Sheet(folder, "contract.yaml")
    parts: dict[str, list[tuple[Sheet, Any]]] = {}
    for part, model in _PARTS.items():
        parts[part] = list(_read_part(folder, part, model, errors))
        if isinstance(head.data, dict) and part in head.data:
            head.error((part,), f"{part} 不写在这里", f"{_ONE_FILE[part]}，放在 {part}/ 里，例如 {part}/oa.yaml")
    # A system that is wrong on its own is left out: what is wrong across the others is told all the same.
    found = {part: [model for _, model in read] for part, read in parts.items()}
    whole = {**head.data, **found} if isinstance(head.data, dict) else head.data
    contract = head.validate(Contract, whole, but="systems" if not found["systems"] else None)
    if contract is not None:
        for problem in problems(contract):
            here, where = head, problem.where
            if where[0] in parts and len(where) > 1 and isinstance(where[1], int):
                here, where = parts[str(where[0])][where[1]][0], where[2:]
            here.error(where, problem.what, problem.remedy)
    for sheet, system in parts["systems"]:
        _look_for_recorded(folder, sheet, system)
    sheets = [sheet for read in parts.values() for sheet, _ in read]
    errors += [error for sheet in (*sheets, head) for error in sheet.errors]
    if errors or contract is None:
        raise ContractError(_in_order(errors))
    return contract


def hash_of(folder: Path) -> str:
    """SHA-256 over everything that says what is inspected: names and bytes, in a fixed order."""
    digest = hashlib.sha256()
    for name in _files(folder):
        for part in (name.encode(), (folder / name).read_bytes()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def texts(folder: Path) -> dict[str, str]:
    """Everything that says what is inspected, by file name: the folder as it may be kept and compared."""
    return {name: (folder / name).read_bytes().decode("utf-8-sig", "replace") for name in _files(folder)}


def _files(folder: Path) -> list[str]:
    found = [*_yaml_files(folder), *folder.rglob("*.py"), *folder.glob(SSH_CONFIG)]
    return sorted(path.relative_to(folder).as_posix() for path in found)


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
    for path in _yaml_files(folder):
        for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
            for name in (name for name, value in hidden.items() if value in line):
                file = path.relative_to(folder).as_posix()
                yield FolderError(file, number, "", f"写着口令 {name} 本身", f"改写成 secret: {name}")


def _yaml_files(folder: Path) -> list[Path]:
    return [folder / "contract.yaml", *(path for part in _PARTS for path in sorted(folder.glob(f"{part}/*.yaml")))]


def secret_names(folder: Path, system: System) -> list[str]:
    """The secrets that a system's login, journeys and recorded files use, by name."""
    in_files = [name for source in _sources(folder, [system]).values() for name in recorded.secret_names(source)]
    return list(dict.fromkeys([*system.secret_names(), *in_files]))


def schema() -> dict[str, dict[str, Any]]:
    """JSON Schemas by file name: for `contract.yaml` and the files beside it. Editors complete from them."""
    head: Any = {name: (field.annotation, field) for name, field in Contract.model_fields.items() if name not in _PARTS}
    models: dict[str, type[BaseModel]] = {
        "contract": create_model("Contract", __base__=Strict, **head),
        "system": System,
        "hosts": HostGroup,
        "backups": BackupGroup,
    }
    return {
        f"{name}.schema.json": {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
        for name, model in models.items()
    }


def _read_part(folder: Path, part: str, model: type[Model], errors: list[FolderError]) -> Iterator[tuple[Sheet, Model]]:
    """The files of `systems/`, `hosts/` or `backups/`; those with mistakes are only noted in `errors`."""
    at = folder / part
    files = sorted(path for path in at.iterdir() if not path.name.startswith(".")) if at.is_dir() else []
    wrong = [path for path in files if path.suffix.lower() in (".yml", ".yaml") and path.suffix != ".yaml"]
    errors += [
        FolderError(f"{part}/{path.name}", 1, "", "扩展名不是 .yaml", f"改名为 {path.stem}.yaml") for path in wrong
    ]
    names = [f"{part}/{path.name}" for path in files if path.suffix == ".yaml"]
    if part == "systems" and not names and not wrong:
        errors.append(FolderError("systems", 1, "", "没有系统", "每个系统写一个文件，例如 systems/oa.yaml"))
    for name in names:
        sheet = Sheet(folder, name)
        made = sheet.validate(model, sheet.data)
        if made is None:
            errors += sheet.errors
        else:
            yield sheet, made


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
