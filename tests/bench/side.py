"""One measured side in a fresh process: `side.py bare|flow HOME BASE_PORT`. Prints its figures as one line of JSON.

What counts begins after all imports and ends with the browser closed (bare) or the flow in its final state.
"""

import asyncio
import ctypes
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def bare(home: Path, base_port: int) -> Callable[[], dict[str, object]]:
    """The plain script."""
    from playwright.sync_api import sync_playwright

    sys.path.insert(0, str(Path(__file__).parent))
    from bare import visit

    from tasks.browser.launch import chromium_path
    from tasks.settings import Settings

    with sync_playwright() as playwright:
        executable = chromium_path(playwright, Settings())
    out = home / "bare" / f"{time.time_ns()}"
    out.mkdir(parents=True)

    def go() -> dict[str, object]:
        visit(base_port, home / "secrets", out, executable)
        return {}

    return lambda: {**go(), "pictures": len(list(out.iterdir())), "state": "全部正常"}


def flow(home: Path, base_port: int) -> Callable[[], dict[str, object]]:
    """The product: the flow as a worker or the shell runs it, with a Prefect server that is up already."""
    from flows.shell import prepare
    from tasks.settings import Settings

    settings = Settings()
    if not prepare(settings):
        raise SystemExit("Prefect 服务没有运行")
    from flows.page_inspection import PageInspection, page_inspection

    def go() -> dict[str, object]:
        before = sum(1 for _ in settings.evidence_dir.rglob("*.jpg"))
        state = asyncio.run(page_inspection(PageInspection(), return_state=True))  # type: ignore[call-overload]
        return {"state": state.name, "before": before}

    return go


def measured(go: Callable[[], dict[str, object]]) -> dict[str, object]:
    """Wall time, and CPU of this process and of every process below it, also of those that lost their parent."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    cpu, began = _cpu(), time.monotonic()
    said = go()
    seconds = time.monotonic() - began
    _reap()
    return {**said, "seconds": seconds, "cpu": _cpu() - cpu}


def _cpu() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def _reap() -> None:
    limit = time.monotonic() + 10
    while time.monotonic() < limit:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.05)
        except ChildProcessError:
            return


if __name__ == "__main__":
    side = {"bare": bare, "flow": flow}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
    print(json.dumps(measured(side), ensure_ascii=False))  # noqa: T201
