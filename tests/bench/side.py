"""One measured side in a fresh process: `side.py bare|flow BASE_PORT`. Prints its figures as one line of JSON.

What counts begins after the imports. The script lasts until its browser is closed, the flow from its start to its
final state, as Prefect has put them down.
"""

import asyncio
import ctypes
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tasks.settings import Settings

_PR_SET_CHILD_SUBREAPER = 36
Figures = dict[str, Any]


def bare(base_port: int) -> Callable[[], Figures]:
    """The plain script."""
    from bare import visit
    from playwright.sync_api import sync_playwright

    from tasks.browser.launch import chromium_path
    from tasks.contract_folder import load

    settings = Settings()
    with sync_playwright() as playwright:
        executable = chromium_path(playwright, settings)
    out = settings.root / "bare" / f"{time.time_ns()}"
    out.mkdir(parents=True)
    masks = {system.id: ", ".join(system.masks) for system in load(settings.contract).systems}

    def go() -> Figures:
        visit(base_port, settings.secrets_dir, masks, out, executable)
        return {"pictures": len(list(out.iterdir())), "state": ""}

    return go


def flow(_: int) -> Callable[[], Figures]:
    """The product: the flow as the shell runs it, with a Prefect server that is up already."""
    from flows.shell import prepare

    settings = Settings()
    prepare(settings)
    if "PREFECT_API_URL" not in os.environ:
        raise SystemExit("Prefect 服务没有应答")
    from prefect.client.orchestration import get_client

    from checks.slots import PAGE_INSPECTION
    from flows.forms import CHINA
    from flows.page_inspection import PageInspection, page_inspection
    from tasks.ledger import Ledger

    def go() -> Figures:
        state: Any = asyncio.run(page_inspection(PageInspection(), return_state=True))  # type: ignore[arg-type]
        with get_client(sync_client=True) as client:
            run = client.read_flow_run(state.state_details.flow_run_id)
        if run.start_time is None or run.end_time is None:
            raise SystemExit(f"巡检没有结束：{state}")
        # On record, not in the folder: a page that looks as it did before is no new file.
        today = datetime.now(CHINA).date()
        runs = Ledger(settings.ledger).runs(PAGE_INSPECTION, today, today)
        pictures = sum(len(one.evidence) for one in runs if one.flow_run_id == str(run.id))
        return {"pictures": pictures, "state": state.name, "seconds": (run.end_time - run.start_time).total_seconds()}

    return go


def measured(go: Callable[[], Figures]) -> Figures:
    """Wall time, and CPU of this process and of every process below it, also of those that lost their parent."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    cpu, began = _cpu(), time.monotonic()
    said = go()
    seconds = time.monotonic() - began
    _reap()
    return {"seconds": seconds, **said, "cpu": _cpu() - cpu}


def _cpu() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _reap() -> None:
    """The time of a process counts once it was waited for."""
    limit = time.monotonic() + 10
    while time.monotonic() < limit:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.05)
        except ChildProcessError:
            return


if __name__ == "__main__":
    side = {"bare": bare, "flow": flow}[sys.argv[1]](int(sys.argv[2]))
    print(json.dumps(measured(side)))  # noqa: T201
