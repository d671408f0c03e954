"""One measurement of a report in a fresh process: `reports_side.py flow|bare KIND PERIOD OUT`. Prints its figures.

What counts begins when the imports are done and the browser is started. XUNJIAN_HOME and XUNJIAN_CONTRACT say where the
year is; nothing is added to it. The bare script makes the same three documents of the Markdown that the flow has left.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Figures = dict[str, Any]


def flow(kind: str, period: str, out: Path) -> Figures:
    """The product: the queries, the pictures and all formats."""
    import matplotlib.pyplot  # noqa: F401 - imported when the first picture is drawn

    from checks.report_period import named
    from flows.office import Office
    from flows.report_files import build, kind_of
    from tasks.browser.chromium import Chromium
    from tasks.settings import Settings

    office = Office(Settings())
    about = named(kind_of(office, kind).every, period, office.today())
    with Chromium(office.settings) as chromium:
        chromium.ready().do(lambda *_: None)
        figures = measured(lambda: build(office, kind, about, chromium=chromium, out=out))
    [listed] = out.glob("*.figures.json")
    return figures | {"figures": len(json.loads(listed.read_text(encoding="utf-8"))["figures"]), **sizes(out)}


def bare(_: str, __: str, out: Path) -> Figures:
    """pandoc twice, and Chromium once."""
    import pypandoc  # type: ignore[import-untyped]
    from playwright.sync_api import sync_playwright

    from tasks.browser.launch import chromium_path
    from tasks.settings import Settings

    [source] = out.glob("*.md")
    pandoc = pypandoc.get_pandoc_path()
    reader = "--from=commonmark+pipe_tables+attributes+fenced_divs+bracketed_spans"
    made = [out / f"bare.{ending}" for ending in ("html", "docx", "pdf")]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(playwright, Settings()))

        def go() -> None:
            for file in made[:2]:
                subprocess.run([pandoc, reader, "--standalone", f"--output={file}", source], check=True,
                               stderr=subprocess.DEVNULL)  # fmt: skip
            page = browser.new_page()
            page.set_content(made[0].read_text(encoding="utf-8"), wait_until="load")
            page.pdf(path=made[2], format="A4")

        figures = measured(go)
    return figures | {"bytes": {file.suffix[1:]: file.stat().st_size for file in made}}


def sizes(out: Path) -> Figures:
    """How large each file is."""
    return {"bytes": {file.suffix[1:]: file.stat().st_size for file in out.iterdir() if file.is_file()}}


def measured(go: Callable[[], object]) -> Figures:
    """Wall time, and the CPU of this process and of those below it that have ended."""
    cpu, began = _cpu(), time.monotonic()
    go()
    return {"seconds": time.monotonic() - began, "cpu": _cpu() - cpu}


def _cpu() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    side = {"flow": flow, "bare": bare}[sys.argv[1]]
    print(json.dumps(side(sys.argv[2], sys.argv[3], Path(sys.argv[4]))))  # noqa: T201
