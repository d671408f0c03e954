"""What the commands have in common: options, the desk at which they work, and errors said as sentences with the exit
code that belongs to each."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from checks import os_words
from flows import console
from flows.exit_codes import CONFIGURATION, FAILED, INTERRUPTED

if TYPE_CHECKING:
    from datetime import datetime

    from checks.contract import Contract
    from checks.entries import Who as By
    from tasks.ledger import Ledger
    from tasks.settings import Settings

CONTRACT = Path("contract")
ContractDir = Annotated[Path, typer.Option("--contract", envvar="XUNJIAN_CONTRACT", metavar="目录", help="合同目录")]
Who = Annotated[str, typer.Option("--who", metavar="姓名", help="谁做的，谁决定的")]
Why = Annotated[str, typer.Option("--why", metavar="说明", help="做了什么，为什么")]
Number = Annotated[str, typer.Argument(metavar="编号")]


class Format(StrEnum):
    """How results are written."""

    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", metavar="text|json", help="输出格式")]


class NoLedgerError(Exception):
    """There is no ledger where the settings say; the message is for the operator."""


@contextmanager
def clearly(contract: Path = CONTRACT) -> Iterator[None]:
    """Say errors as sentences, with the exit code that belongs to each."""
    from pydantic import ValidationError

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
    except ValidationError as error:
        if error.title != "Settings":
            raise
        for fault in error.errors():
            name = f"XUNJIAN_{fault['loc'][0]}".upper()
            console.complain(f"环境变量 {name} 的值 {fault['input']!r} 不对；写法见操作手册“设置”一节")
        raise typer.Exit(CONFIGURATION) from error
    except KeyboardInterrupt as error:
        console.complain("已中断。已经看到的都在台账里，没有看到的下次再查")
        raise typer.Exit(INTERRUPTED) from error
    except Exception as error:
        # Errors of the world are classes of ours, named …Error in tasks/, whose message is for the operator.
        if type(error).__module__.startswith(("tasks.", "flows.")):
            console.complain(str(error))
            raise typer.Exit(FAILED) from error
        raise


class Desk(NamedTuple):
    """What a command works with that reads what is on record, or adds to it by somebody's word."""

    ledger: "Ledger"
    contract: "Contract"
    now: "datetime"

    def at(self, text: str) -> "datetime":
        """A time as people write it.

        Raises:
            RequestError: it is none.
        """
        from checks.entries import moment

        return moment(text, self.contract.tz, self.now)

    def there(self, at: "datetime", form: str = "%Y-%m-%d %H:%M") -> str:
        """A time as it is shown."""
        return at.astimezone(self.contract.tz).strftime(form)


@contextmanager
def at_desk(contract: Path) -> Iterator[Desk]:
    """Open the contract folder and the ledger, which must be there: in a new one nobody would look for an entry."""
    with clearly(contract):
        from datetime import UTC, datetime

        from tasks import contract_folder
        from tasks.ledger import Ledger
        from tasks.settings import Settings

        settings = Settings(contract=contract)
        loaded = contract_folder.load(contract)
        check_ledger(settings)
        yield Desk(Ledger(settings.ledger, sm3=settings.sm3), loaded, datetime.now(UTC))


def check_ledger(settings: "Settings") -> None:
    """Whoever opens a ledger that is not there begins a new one.

    Raises:
        NoLedgerError: it is not there.
    """
    file = settings.ledger.removeprefix("sqlite:///")
    if file != settings.ledger and not Path(file).is_file():
        raise NoLedgerError(f"没有台账：{file}；新装的先启动 xunjian up，台账在别处的用 XUNJIAN_HOME 指明")


def by(who: str, why: str) -> "By":
    """Whose word it is that is entered from the shell."""
    from checks.entries import Who as By
    from flows import standing

    return By(who, why, standing.from_shell())


def save(file: Path, content: bytes) -> None:
    """Write a file that was asked for.

    Raises:
        RequestError: it cannot be written there.
    """
    from checks.slots import RequestError

    try:
        file.write_bytes(content)
    except OSError as error:
        raise RequestError(f"写不进 {file}：{os_words.say(error)}；换一个目录，或看权限") from error
