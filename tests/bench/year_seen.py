"""What real runs on the practice estate saw (seen.json), moved in time."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

SEEN = json.loads((Path(__file__).parent / "seen.json").read_text(encoding="utf-8"))
TAKEN_AT = datetime.fromisoformat(SEEN["taken_at"])
REAL_EVIDENCE = {"screenshot": 37_400, "raw-output": 7_400}
"""Bytes, on average, in real runs on the practice estate."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d")


def moved(value: Any, by: timedelta) -> Any:
    """Facts as they would have been at another time."""
    if isinstance(value, dict):
        return {name: moved(one, by) for name, one in value.items()}
    if isinstance(value, list):
        return [moved(one, by) for one in value]
    if isinstance(value, str):
        return _MOMENT.sub(lambda found: (datetime.fromisoformat(found[0]) + by).isoformat(found[1], "seconds"), value)
    if isinstance(value, int) and value > 1_500_000_000:
        return value + int(by.total_seconds())
    return value
