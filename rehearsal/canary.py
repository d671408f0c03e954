"""Canaries: invented business data planted in the estate's pages, so that a leak into our records is found.

`MASKS` are the CSS selectors under which every piece of business data stands, in every frame and pop-up.
"""

from dataclasses import dataclass

# No document has this title; nothing of it may leave the practice systems.
DOCUMENT_TITLE = "关于金丝雀样本9731号不得离开业务系统的函"

# Shaped like an ID number and obviously none: area 000000, sequence 000, and the check digit (9) is wrong.
PERSON_ID = "000000190001010000"

# What a careless program wrote into a practice host's log: a password, and a number shaped like a mobile phone's (no
# operator has 100).
LOG_PASSWORD = "Canary-9731-Nest"  # noqa: S105
LOG_PHONE = "10000009731"

MASKS: tuple[str, ...] = (
    ".doc-title",
    ".doc-no",
    ".person",
    ".id-number",
    ".phone",
    ".opinion",
    ".doc-body",
    ".attachment-name",
    ".attachment-page",
    ".original",
)


@dataclass(frozen=True)
class Canary:
    """What is planted; the passwords are canaries too, and stand in the secrets folder."""

    document_title: str = DOCUMENT_TITLE
    person_id: str = PERSON_ID
