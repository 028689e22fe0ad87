"""Charts as SVG, made on the server: presentation attributes and classes alone, so that a strict policy lets them through.

A chart says nothing that the table beside it does not say; for who cannot see it, its label does. What is withheld is no mark in
a chart either: its place holds the same sign as in the table.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

_WIDTH: Final = 720
_SHAPES: Final = ("circle", "square", "triangle", "diamond")
_DASHES: Final = ("", "7 4", "2 4", "10 4 2 4")
# An upper-case letter or a figure takes about half of a Chinese character.
_WIDE: Final = 13.0
_NARROW: Final = 7.2
_FEW: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One mark. `percent` is None for what has no quotient or is withheld; `told` is what the table says of it."""

    label: str
    percent: float | None
    told: str
    standing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Figures in order, joined."""

    name: str
    figures: Sequence[Figure]


def trend(title: str, lines: Sequence[Line]) -> Markup:
    """Lines over the same labels, between 0 and 100 %; told apart by dashes and marks, not by colour alone."""
    labels = [figure.label for figure in lines[0].figures] if lines else []
    top, height, left, right = 24 + 20 * len(lines), 190, 60, 24
    step = (_WIDTH - left - right) / max(len(labels) - 1, 1)

    def place(at: int, percent: float) -> tuple[float, float]:
        return left + at * step, top + height * (1 - percent / 100)

    parts = [Markup('<g class="grid">')]
    for percent in (0, 25, 50, 75, 100):
        _, y = place(0, percent)
        parts.append(_tag("line", x1=left, x2=_WIDTH - right, y1=y, y2=y))
        parts.append(_text(left - 8, y + 4, f"{percent} %" if percent in (0, 100) else str(percent), "end"))
    for at in range(len(labels) - 1, -1, -(len(labels) // 13 + 1)):
        parts.append(_text(place(at, 0)[0], top + height + 20, labels[at], "middle"))
    parts.append(Markup("</g>"))
    for number, line in enumerate(lines):
        parts += _line(
            line, number, [None if each.percent is None else place(at, each.percent) for at, each in enumerate(line.figures)]
        )
        for at, figure in enumerate(line.figures):
            if figure.told == "*":
                parts.append(_text(place(at, 0)[0], top + height - 4 - 12 * number, "*", "middle"))
    return _svg(title, lines, _WIDTH, top + height + 34, parts)


def spark(title: str, figures: Sequence[Figure]) -> Markup:
    """A small line without axes, from the least to the most that it holds."""
    width, height, margin = 150, 36, 5
    held = [figure.percent for figure in figures if figure.percent is not None]
    least, most = (min(held), max(held)) if held else (0.0, 0.0)
    step = (width - 2 * margin) / max(len(figures) - 1, 1)
    places = [
        None
        if figure.percent is None
        else (margin + at * step, height - margin - (height - 2 * margin) * ((figure.percent - least) / ((most - least) or 1)))
        for at, figure in enumerate(figures)
    ]
    parts = [_tag("polyline", class_="line line0", points=_points(run)) for run in _runs(places) if len(run) > 1]
    if places and places[-1] is not None:
        parts.append(_mark(0, *places[-1]))
    return _svg(title, [Line(name="", figures=figures)], width, height, parts, kind="spark")


def bars(title: str, figures: Sequence[Figure]) -> Markup:
    """A bar for each, one below the other."""
    row, left = 26, min(260.0, max((_length(figure.label) for figure in figures), default=0) + 16)
    room = _WIDTH - left - 190
    parts: list[Markup] = []
    for at, figure in enumerate(figures):
        y = at * row + 4
        parts.append(_text(left - 8, y + 14, figure.label, "end"))
        parts.append(_tag("rect", class_="track", x=left, y=y, width=room, height=18, rx=2))
        if figure.percent is not None:
            parts.append(
                _tag("rect", class_=f"bar {figure.standing}", x=left, y=y, width=room * figure.percent / 100, height=18, rx=2)
            )
        parts.append(_text(left + room + 8, y + 14, figure.told, "start"))
    return _svg(title, [Line(name="", figures=figures)], _WIDTH, len(figures) * row + 8, parts)


def heat_map(title: str, columns: Sequence[str], rows: Sequence[Line]) -> Markup:
    """A field for each row and column, coloured by its standing and told in it; nothing where nothing is."""
    left = max((_length(line.name) for line in rows), default=0) + 16
    # Few columns have room for their names.
    longest = max(map(_length, columns), default=0) + 8 if len(columns) <= _FEW else 0
    wide, high, top = int(min(max(longest, 92), 150)), 34, 30
    parts = [_text(left + wide * (at + 0.5), 20, _cut(name, wide - 4), "middle") for at, name in enumerate(columns)]
    for down, line in enumerate(rows):
        y = top + down * high
        parts.append(_text(left - 8, y + 21, line.name, "end"))
        for across, figure in enumerate(line.figures):
            if figure.told:
                x = left + across * wide
                parts.append(
                    _tag("rect", class_=f"heat {figure.standing}", x=x + 1, y=y + 1, width=wide - 2, height=high - 2, rx=2)
                )
                parts.append(_text(x + wide / 2, y + 21, figure.told, "middle"))
    return _svg(title, rows, int(left + wide * len(columns) + 2), top + high * len(rows) + 4, parts)


def _svg(title: str, lines: Sequence[Line], width: int, height: int, parts: Sequence[Markup], kind: str = "chart") -> Markup:
    told = "; ".join(
        (f"{line.name}: " if line.name else "") + ", ".join(f"{each.label} {each.told}" for each in line.figures if each.told)
        for line in lines
    )
    head = Markup('<svg class="{}" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}">').format(
        kind, f"{title}. {told}", width, height, width, height
    )
    return head + Markup("").join(parts) + Markup("</svg>")


def _line(line: Line, number: int, places: Sequence[tuple[float, float] | None]) -> Iterator[Markup]:
    look, dashes = f"line line{number % 4}", _DASHES[number % 4]
    height = 12 + 20 * number
    yield _tag("line", class_=look, x1=60, x2=100, y1=height, y2=height, stroke_dasharray=dashes)
    yield _mark(number, 80, height)
    yield _text(110, height + 4, line.name, "start")
    for run in _runs(places):
        if len(run) > 1:
            yield _tag("polyline", class_=look, points=_points(run), stroke_dasharray=dashes)
        for x, y in run:
            yield _mark(number, x, y)


def _runs(places: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    """The stretches without a gap: over what is not there, or not told, no line is drawn."""
    runs: list[list[tuple[float, float]]] = [[]]
    for place in places:
        if place is None:
            runs.append([])
        else:
            runs[-1].append(place)
    return [run for run in runs if run]


def _mark(number: int, x: float, y: float) -> Markup:
    look = f"mark line{number % 4}"
    match _SHAPES[number % 4]:
        case "circle":
            return _tag("circle", class_=look, cx=x, cy=y, r=4)
        case "square":
            return _tag("rect", class_=look, x=x - 3.5, y=y - 3.5, width=7, height=7)
        case "triangle":
            return _tag("polygon", class_=look, points=_points([(x, y - 5), (x + 5, y + 4), (x - 5, y + 4)]))
        case _:
            return _tag("polygon", class_=look, points=_points([(x, y - 5), (x + 5, y), (x, y + 5), (x - 5, y)]))


def _points(run: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in run)


def _tag(name: str, **attributes: object) -> Markup:
    """An element; a name's underline is a hyphen, and what is empty is left out."""
    told = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), f"{value:.1f}" if isinstance(value, float) else value)
        for key, value in attributes.items()
        if value != ""
    )
    return Markup("<{}{}/>").format(Markup(escape(name)), told)


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(f"{x:.1f}", f"{y:.1f}", anchor, text)


def _length(text: str) -> float:
    """About how wide a text is."""
    return sum(_WIDE if ord(letter) > 0x2E7F else _NARROW for letter in text)


def _cut(text: str, room: float) -> str:
    """As much of a name's end as there is room for: places of one province begin alike."""
    if _length(text) <= room:
        return text
    while text and _length(text) > room - _WIDE:
        text = text[1:]
    return f"…{text}"
