"""`xunjian up`: the server, the deployments and the worker in the foreground, until told to stop."""

import signal
import threading
from types import FrameType

from checks.contract import Contract
from flows import console
from flows.shell import prepare
from tasks.prefect_server import Prefect
from tasks.settings import Settings


class _Stop(Exception):
    """SIGTERM or Ctrl-C: the way this is meant to end."""


def up(settings: Settings, contract: Contract) -> None:
    """Serve until SIGTERM or Ctrl-C, then end the worker and the server cleanly.

    Raises:
        ServerError: Prefect does not start, refuses the deployments, or ends by itself.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise _Stop

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
    try:
        with Prefect(settings, console.say) as prefect:
            serve(prefect, settings, contract)
            prefect.wait()
    except _Stop:
        console.say("已停止：台账和报告都在，下次启动接着运行")


def serve(prefect: Prefect, settings: Settings, contract: Contract) -> None:
    """Deploy and start the worker on a server that answers."""
    prepare(settings)
    from flows import deployments

    if cut_off := deployments.close_what_was_cut_off():
        console.say(f"上次停止时有 {cut_off} 个执行被中断，已在界面标明")
    names = deployments.deploy(prefect, contract)
    prefect.start_worker()
    console.say(f"已部署：{'、'.join(names)}")
    console.say(f"界面：http://127.0.0.1:{settings.port}　　停止：Ctrl-C")
