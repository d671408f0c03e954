"""Pictures in a report: screenshots, which are shown only as the ledger recorded them, and drawings of ours."""

import base64
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from checks.records import EvidenceRecord
from checks.report_drawing import Drawing
from checks.secrecy import Grade
from tasks.evidence import EvidenceError, stored
from tasks.pictures import PictureError, small_jpeg
from tasks.report.markdown import Safe


@dataclass(frozen=True)
class Picture:
    """A picture for a template: where it is, or in words why it cannot be shown."""

    source: Safe
    trouble: str = ""


class Pictures(ABC):
    """Opens evidence and drawings for one medium."""

    media = ""
    width, quality = 0, 0

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.sources: set[str] = set()  # of all that was shown

    def __call__(self, one: object) -> Picture:
        """Of a drawing, or of a screenshot on record (EvidenceRecord)."""
        if isinstance(one, Drawing):
            return Picture(Safe(), one.trouble) if one.trouble else self._shown(one.png, "png")
        if not isinstance(one, EvidenceRecord):
            raise TypeError(f"{type(one).__name__} 不是图，也不是截图")
        try:
            content = stored(self._folder, one.path, one.sha256)
            if Grade(one.grade).sealed:
                return Picture(Safe(), "密级为非常敏感，截图加密保存，不在报告中显示")
            return self._shown(small_jpeg(content, self.width, self.quality), "jpeg")
        except EvidenceError as error:
            return Picture(Safe(), f"截图{error.what}，不予显示")
        except PictureError as error:
            return Picture(Safe(), str(error))

    def _shown(self, content: bytes, kind: str) -> Picture:
        picture = self.place(content, kind)
        self.sources.add(picture.source)
        return picture

    @abstractmethod
    def place(self, content: bytes, kind: str) -> Picture:
        """Put the picture where the medium wants it. `kind`: jpeg or png."""


class Thumbnails(Pictures):
    """Small, inside the text, as long as there is room."""

    media = "artifact"
    width, quality = 480, 60

    def __init__(self, folder: Path, room: int) -> None:
        super().__init__(folder)
        self._room = room

    def place(self, content: bytes, kind: str) -> Picture:
        source = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
        if len(source) > self._room:
            return Picture(Safe(), "此处从略，见报告文件")
        self._room -= len(source)
        return Picture(Safe(source))


class Files(Pictures):
    """Beside the text, by number."""

    media = "document"
    width, quality = 1280, 80

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.files: dict[str, bytes] = {}

    def place(self, content: bytes, kind: str) -> Picture:
        name = f"{len(self.files) + 1}.{'jpg' if kind == 'jpeg' else kind}"
        self.files[name] = content
        return Picture(Safe(name))
