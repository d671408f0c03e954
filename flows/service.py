"""`xunjian up`: the server, the deployments and the worker in the foreground, until told to stop."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from checks.contract import Contract
from checks.slots import probe_slot
from flows import console
from flows.shell import prepare
from tasks.prefect_server import Prefect
from tasks.settings import Settings

_STARTING = 180.0  # seconds until a run that was asked for is expected to probe


class _Stop(BaseException):
    """SIGTERM or Ctrl-C: the way a service is meant to end, so no `except Exception` may hold it up."""


def up(settings: Settings, contract: Contract, *, catching_up: bool = True) -> None:
    """Serve until SIGTERM or Ctrl-C, then end the worker and the server cleanly.

    Args:
        catching_up: start at once what should have run while nobody was there.

    Raises:
        ServerError: Prefect does not start, refuses the deployments, or ends by itself.
    """
    with stoppable(), Prefect(settings, console.say) as prefect:
        serve(prefect, settings, contract)
        if catching_up:
            catch_up(settings)
        console.say(f"界面：http://127.0.0.1:{settings.port}　　停止：Ctrl-C")
        prefect.wait(beside=Probing(settings).keep)


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn SIGTERM and Ctrl-C into an orderly end of the block."""

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)  # once is enough
        raise _Stop

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    except _Stop:
        console.say("已停止。台账和报告都在，下次启动接着运行")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def serve(prefect: Prefect, settings: Settings, contract: Contract) -> None:
    """Deploy and start the worker on a server that answers."""
    prepare(settings)
    from flows import deployments
    from flows.report_kinds import readable

    if cut_off := deployments.close_what_was_cut_off():
        console.say(f"上次停止时有 {cut_off} 个执行被中断，已在界面标明")
    for mistake in readable(settings.contract.absolute())[1]:
        console.say(mistake, style="yellow")
    names = deployments.deploy(prefect, contract)
    prefect.start_worker()
    console.say(f"已部署：{'、'.join(names)}")


class Probing:
    """Sees to it that somebody probes: a prober that was killed would otherwise be missed until the next hour."""

    def __init__(self, settings: Settings) -> None:
        from flows.office import Office

        self._office = Office(settings)
        self._patience = 0.0

    def keep(self) -> None:
        """Start a prober where there is none; one that was just started is given its time."""
        from prefect.utilities.asyncutils import run_coro_as_sync

        from flows.catch_up import start_probing

        slot = probe_slot(self._office.contract, self._office.today())
        if slot is None or time.monotonic() < self._patience:
            return
        with self._office.ledger.claimed(slot) as free:
            pass
        if free:
            self._patience = time.monotonic() + _STARTING
            run_coro_as_sync(start_probing())


def catch_up(settings: Settings) -> None:
    """Start what should have run by now, was not done, and can still be done."""
    from prefect.utilities.asyncutils import run_coro_as_sync

    from flows.catch_up import start_overdue
    from flows.office import Office

    office = Office(settings)
    if office.cut_off:
        console.say(f"上次有 {len(office.cut_off)} 项巡检做到一半中断，已在台账注明")
    started: list[str] = run_coro_as_sync(start_overdue(office)) or []
    for one in started:
        console.say(f"补做：{one}")
