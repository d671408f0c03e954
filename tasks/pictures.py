"""Pictures made small enough for a report; the only importer of Pillow."""

import io

from PIL import Image, UnidentifiedImageError

_LIMIT = 100_000_000  # pixels; a full page of a long list has 20 million
_COLOURS = 64  # of a drawing: a few shades and the edges of letters between them


class PictureError(Exception):
    """Not a picture that can be shown; the message is for the reader of the report."""


def small_jpeg(content: bytes, width: int, quality: int) -> bytes:
    """Scale a picture down to `width`; of a long page keep the top, in the shape of a screen.

    One that fits stays as it is. The same bytes give the same bytes.

    Raises:
        PictureError: it cannot be read.
    """
    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.width * image.height > _LIMIT:
                raise PictureError("截图过大，不能显示")
            tallest = image.width * 3 // 4
            if image.format == "JPEG" and image.width <= width and image.height <= tallest:
                return content
            shown = image.convert("RGB").crop((0, 0, image.width, min(image.height, tallest)))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise PictureError("截图文件损坏，不能显示") from error
    shown.thumbnail((width, width))
    out = io.BytesIO()
    shown.save(out, "JPEG", quality=quality)
    return out.getvalue()


def blank(content: bytes, name: str) -> bytes:
    """A tiny grey JPEG in the shape of a picture; each has its `name` behind its end, so no two are alike."""
    with Image.open(io.BytesIO(content)) as image:
        width, height = image.size
    out = io.BytesIO()
    Image.new("L", (max(1, width // 8), max(1, height // 8)), 128).save(out, "JPEG")
    return out.getvalue() + name.encode()


def palette_png(pixels: bytes, size: tuple[int, int]) -> bytes:
    """A PNG of a drawing, a quarter of its size with all colours. The same pixels give the same bytes.

    Args:
        pixels: RGBA, nothing of it transparent.
    """
    out = io.BytesIO()
    image = Image.frombytes("RGBA", size, pixels).convert("RGB")
    few = image.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(out, "PNG", optimize=True)
    return out.getvalue()
