"""The real program, run as an operator runs it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def xunjian(home: Path, *words: str, python: tuple[str, ...] = (), **settings: str) -> subprocess.CompletedProcess[str]:
    """Run it in `home`, whose folder `contract` is the contract and `var` the home. `settings`: XUNJIAN_ variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XUNJIAN_")}
    command = [sys.executable, *python, "-m", "flows.cli", *words]
    env = {**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "COLUMNS": "100", **settings}
    return subprocess.run(command, cwd=home, env=env, capture_output=True, encoding="utf-8", check=False)
