"""What the commands have in common: options, and errors said as sentences with the exit code that belongs to each."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows import console
from flows.exit_codes import CONFIGURATION, FAILED, INTERRUPTED

CONTRACT = Path("contract")
ContractDir = Annotated[Path, typer.Option("--contract", envvar="XUNJIAN_CONTRACT", metavar="目录", help="合同目录")]


class Format(StrEnum):
    """How results are written."""

    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", metavar="text|json", help="输出格式")]


@contextmanager
def clearly(contract: Path = CONTRACT) -> Iterator[None]:
    """Say errors as sentences, with the exit code that belongs to each."""
    from checks.slots import RequestError
    from rehearsal.errors import RehearsalError
    from tasks.contract_folder import ContractError
    from tasks.secrets import SecretError

    try:
        yield
    except ContractError as error:
        for one in error.errors:
            console.place(str(contract / one.file), one.line, one.field, one.what, one.remedy)
        console.complain(f"合同目录有 {len(error.errors)} 处错误；用 xunjian validate 再查")
        raise typer.Exit(CONFIGURATION) from error
    except (SecretError, RequestError) as error:
        console.complain(str(error))
        raise typer.Exit(CONFIGURATION) from error
    except RehearsalError as error:
        console.complain(str(error))
        raise typer.Exit(FAILED) from error
    except KeyboardInterrupt as error:
        console.complain("已中断。已经看到的都在台账里，没有看到的下次再查")
        raise typer.Exit(INTERRUPTED) from error
    except Exception as error:
        # Errors of the world are classes of ours, named …Error in tasks/, whose message is for the operator.
        if type(error).__module__.startswith(("tasks.", "flows.")):
            console.complain(str(error))
            raise typer.Exit(FAILED) from error
        raise
