from pathlib import Path

from checks.probe_list import listing
from checks.safe_probe import safe_probes

DOCUMENT = Path(__file__).parents[2] / "docs" / "probes.md"


def test_the_list_is_current() -> None:
    """After a change: python -m checks.probe_list > docs/probes.md"""
    assert DOCUMENT.read_text(encoding="utf-8") == listing()


def test_every_probe_says_how_it_is_judged_and_mended() -> None:
    for probe in safe_probes():
        assert probe.sends, probe.id
        assert probe.passes, probe.id
        assert "退回" in probe.remedy, probe.id
        assert probe.classes, probe.id
