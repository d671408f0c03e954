"""A picture that is drawn for a report from what the ledger holds."""

from pydantic import BaseModel, ConfigDict


class Drawing(BaseModel):
    """`png`: the picture, or in words why there is none (`trouble`). `caption`: what it shows, for those who cannot
    see it, too. `query`, `rows`: as in `Number`."""

    model_config = ConfigDict(frozen=True)

    caption: str
    png: bytes = b""
    trouble: str = ""
    query: str = ""
    rows: tuple[str, ...] = ()
