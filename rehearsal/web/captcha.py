"""A picture captcha: four digits as strokes in an SVG, each answer good for one login attempt."""

import random
import secrets
from collections import OrderedDict

LENGTH = 4
KEPT = 200
_POINTS = {"a": (0, 0), "b": (14, 0), "c": (0, 14), "d": (14, 14), "e": (0, 28), "f": (14, 28)}
_STROKES = {
    "0": "abfea", "1": "bf", "2": "abdcef", "3": "abdcdfe", "4": "acdbf", "5": "bacdfe", "6": "bacefdc", "7": "abf",
    "8": "abfecdcab", "9": "dcabfe",
}  # fmt: skip


class Captchas:
    """The captchas given out and not yet used."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, str] = OrderedDict()

    def issue(self) -> str:
        """A new captcha's key, for the form and the picture's address."""
        key = secrets.token_hex(8)
        self._answers[key] = "".join(secrets.choice("0123456789") for _ in range(LENGTH))
        while len(self._answers) > KEPT:
            self._answers.popitem(last=False)
        return key

    def answer(self, key: str) -> str | None:
        return self._answers.get(key)

    def redeem(self, key: str, typed: str) -> bool:
        want = self._answers.pop(key, None)
        return want is not None and typed.strip() == want

    def picture(self, key: str) -> str:
        """The SVG of a captcha; no text in it, so that it has to be looked at."""
        shake = random.Random(key)  # noqa: S311
        lines = []
        for place, digit in enumerate(self._answers.get(key, "")):
            left = 12 + place * 28
            points = " ".join(
                f"{left + x + shake.uniform(-2, 2):.1f},{9 + y + shake.uniform(-2, 2):.1f}"
                for x, y in (_POINTS[name] for name in _STROKES[digit])
            )
            lines.append(f'<polyline points="{points}" fill="none" stroke="#345" stroke-width="2.5"/>')
        for _ in range(5):
            ends = " ".join(f"{shake.uniform(0, 126):.0f},{shake.uniform(0, 46):.0f}" for _ in range(2))
            lines.append(f'<polyline points="{ends}" stroke="#9ab" fill="none"/>')
        body = "".join(lines)
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" width="126" height="46">'
            f'<rect width="126" height="46" fill="#eef"/>{body}</svg>'
        )
