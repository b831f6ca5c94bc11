"""Output for notebooks: tables, curves and pictures as HTML that needs no script, no network and no other library."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

import numpy as np

from numpycnn.common.typing import Array

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Of curves; they stay apart for the colour-blind. Source: Okabe and Ito 2008."""

WIDTH, HEIGHT, MARGIN = 360, 180, 44
MAX_PIXELS = 64
"""The side of a picture; of a larger array every k-th row and column is shown."""
LARGE = 56
"""The side, on the screen, to which small pictures are enlarged."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "", *, raw: Sequence[int] = ()) -> str:
    """A table. raw: the columns whose cells are HTML already."""
    title = f"<caption style='text-align:left'>{escape(caption)}</caption>" if caption else ""
    lines = "".join(f"<tr>{''.join(cells(row, raw))}</tr>" for row in rows)
    names = "".join(f"<th>{escape(one)}</th>" for one in head)
    return f"<table>{title}<thead><tr>{names}</tr></thead><tbody>{lines}</tbody></table>"


def cells(row: Sequence[str], raw: Sequence[int]) -> Iterator[str]:
    """The cells of a row; the first column to the left, the others to the right."""
    for k, one in enumerate(row):
        yield f"<td style='text-align:{'right' if k else 'left'}'>{one if k in raw else escape(one)}</td>"


def curves(epochs: Sequence[int], figures: Mapping[str, Sequence[float]]) -> str:
    """A chart for each figure with its validation's, val_..., in one: inline SVG."""
    names = [name for name in figures if not (name.startswith("val_") and name[4:] in figures)]
    return "".join(
        chart(epochs, {one: figures[one] for one in (name, f"val_{name}") if one in figures}) for name in names
    )


def chart(epochs: Sequence[int], figures: Mapping[str, Sequence[float]]) -> str:
    """One chart: a line for each figure over the epochs, with the least and largest value at its side."""
    known = [value for values in figures.values() for value in values if np.isfinite(value)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    first, span = epochs[0] if epochs else 0, max(len(epochs) - 1, 1)

    def at(k: int, value: float) -> str:
        x = MARGIN + (WIDTH - 2 * MARGIN) * k / span
        return f"{x:.1f},{HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (value - low) / ((high - low) or 1.0):.1f}"

    lines = [
        label(MARGIN - 4, MARGIN, f"{high:.4g}", "end"),
        label(MARGIN - 4, HEIGHT - MARGIN, f"{low:.4g}", "end"),
        label(MARGIN, HEIGHT - MARGIN + 16, f"epoch {first + 1}", "start"),
        label(WIDTH - MARGIN, HEIGHT - MARGIN + 16, str(first + len(epochs)), "end"),
    ]
    for number, (name, values) in enumerate(figures.items()):
        points = " ".join(at(k, value) for k, value in enumerate(values) if np.isfinite(value))
        colour = COLOURS[number % len(COLOURS)]
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        lines += [
            f'<circle cx="{p.partition(",")[0]}" cy="{p.partition(",")[2]}" r="2.5" fill="{colour}"/>'
            for p in points.split()
        ]
        lines.append(label(MARGIN + 130 * number, 20, name, "start", colour))
    title = escape(", ".join(figures))
    size = f'width="{WIDTH}" height="{HEIGHT}" style="background:#fff"'
    return f'<svg role="img" aria-label="{title}" {size}>{"".join(lines)}</svg>'


def label(x: float, y: float, text: str, anchor: str, colour: str = "#333") -> str:
    """A text in a chart."""
    style = f'text-anchor="{anchor}" font-size="12" font-family="sans-serif" fill="{colour}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'


def picture(a: Array) -> str:
    """A small picture of an array, (rows, columns), or in colour (rows, columns, 3): inline SVG around a PNG.

    Grey from the least to the largest value; with values of both signs blue, white and red, and white is 0.
    """
    steps = [-(-size // MAX_PIXELS) for size in a.shape[:2]]
    small = np.asarray(a, np.float64)[:: steps[0], :: steps[1]]
    rows, columns = small.shape[:2]
    scale = max(LARGE / max(rows, columns, 1), 1.0)
    size = f'width="{columns * scale:.0f}" height="{rows * scale:.0f}"'
    return (
        f'<svg role="img" aria-label="picture" {size}><image {size} style="image-rendering:pixelated" '
        f'preserveAspectRatio="none" href="data:image/png;base64,{png(colours(small))}"/></svg>'
    )


def colours(a: Array) -> Array:
    """(rows, columns) or (rows, columns, 3) as bytes of red, green and blue: (rows, columns, 3)."""
    a = np.nan_to_num(a, posinf=0.0, neginf=0.0)
    low, high = float(a.min(initial=0.0)), float(a.max(initial=0.0))
    if a.ndim == 3:
        return (255 * (a - low) / ((high - low) or 1.0)).astype(np.uint8)
    if low >= 0:
        return (255 * a / (high or 1.0)).astype(np.uint8)[..., None].repeat(3, axis=-1)
    v = a / max(high, -low)
    red, blue = 1 + np.minimum(v, 0), 1 - np.maximum(v, 0)
    return (255 * np.stack([red, np.minimum(red, blue), blue], axis=-1)).astype(np.uint8)


def png(pixels: Array) -> str:
    """A PNG file of (rows, columns, 3) bytes, in base64. Source: the PNG specification, chunks IHDR, IDAT and IEND."""
    import struct  # deferred: only notebooks need them
    import zlib
    from base64 import b64encode

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows, columns, _ = pixels.shape
    lines = np.concatenate(
        [np.zeros((rows, 1), np.uint8), pixels.reshape(rows, -1)], axis=1
    )  # a filter byte before each
    head = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)) + chunk(b"IEND", b"")
    return b64encode(b"\x89PNG\r\n\x1a\n" + body).decode("ascii")


def plane(a: Array) -> Array | None:
    """What a small picture shows of an array: its first example's first channel; None where there is nothing."""
    if a.size == 0 or a.dtype.kind not in "biuf":
        return None
    if a.ndim == 4:
        return a[0, :, :, 0]  # (rows, columns)
    if a.ndim == 3:
        return a[0]
    return a if a.ndim == 2 else a.reshape(1, -1)  # (1, size)


def array_row(name: str, a: Array) -> list[str]:
    """The row of an array in a table: its name, shape, least and largest number, and a picture."""
    shown = plane(a)
    ends = ["", ""] if shown is None else [f"{a.min():.4g}", f"{a.max():.4g}"]
    return [name, str(a.shape), *ends, "" if shown is None else picture(shown)]


ARRAYS = ("array", "shape", "least", "largest", "picture")
PICTURE = 4
"""The column of pictures in a table of arrays."""
