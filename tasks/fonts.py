"""Asks fontconfig whether Chinese can be drawn: without a font, pictures and PDFs show boxes."""

import subprocess

_REMEDY = "PDF 和截图里的汉字会显示成方框。请安装中文字体（Debian：apt-get install fonts-noto-cjk）后重做"


def missing_cjk_font() -> str | None:
    """Say what to do if no Chinese font is there; None if one is."""
    try:
        found = subprocess.run(
            ["fc-list", ":lang=zh", "family"],  # noqa: S607 - where it is differs between systems
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return f"查不到本机字体（fc-list 不能运行，Debian：apt-get install fontconfig）。若没有中文字体，{_REMEDY}"
    return None if found.stdout.strip() else f"本机没有中文字体，{_REMEDY}"
