"""Asks fontconfig whether Chinese can be drawn, and with what: without a font, pictures and PDFs show boxes."""

import subprocess
from pathlib import Path

_REMEDY = "PDF 和图片里的汉字会显示成方框。请安装中文字体（Debian：apt-get install fonts-noto-cjk）后重做"


def missing_cjk_font() -> str | None:
    """Say what to do if no Chinese font is there; None if one is."""
    try:
        found = _asked("fc-list", ":lang=zh", "family")
    except (OSError, subprocess.SubprocessError):
        return f"查不到本机字体（fc-list 不能运行，Debian：apt-get install fontconfig）。若没有中文字体，{_REMEDY}"
    return None if found else f"本机没有中文字体，{_REMEDY}"


def cjk_font() -> tuple[Path, int]:
    """The file of the font that is the machine's choice for simplified Chinese, and its face within the file.

    Ask `missing_cjk_font` first: where there is none, fontconfig chooses one that has no Chinese.
    """
    file, face = _asked("fc-match", "--format=%{file}\n%{index}", ":lang=zh-cn").splitlines()
    return Path(file), int(face) & 0xFFFF  # above that: which instance of a variable font


def _asked(*command: str) -> str:
    asked = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)  # noqa: S603 - constants
    return asked.stdout.strip()
