"""The same script by pytest-testinfra, one test per host; run as `pytest hosts_testinfra.py`, not part of the tests."""

import os
from pathlib import Path
from typing import Any

PLACE = Path(os.environ["BENCH_PLACE"])
testinfra_hosts = [f"paramiko://{name}" for name in (PLACE / "names").read_text(encoding="utf-8").split()]


def test_script(host: Any) -> None:
    answer = host.run("sh -c %s", (PLACE / "script.sh").read_text(encoding="utf-8"))
    assert answer.stdout.rstrip().endswith("EOF")
    print(answer.stdout, answer.stderr)  # noqa: T201
