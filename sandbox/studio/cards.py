"""Playing cards as small pictures: index corners, pips as on paper, court cards, the back.

Shapes are those of the page's cards (``web/js/view/playing_card.js``), on a sheet of 100 by 140.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, TypeAlias

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from baccarat.domain.cards import Card

WIDTH: Final = 68
HEIGHT: Final = 95
SHADOW: Final = 6
"""How far a card's picture reaches beyond the card on each side, for its shadow."""

Point: TypeAlias = tuple[float, float]

_FINE: Final = 4
"""Drawn that much larger, then made smaller: smooth edges."""
_UNIT: Final = WIDTH * _FINE / 100
_PAPER: Final = (252, 250, 244)
_RED: Final = (190, 24, 36)
_BLACK: Final = (24, 26, 34)
_GOLD: Final = (222, 178, 72)
_SKIN: Final = (240, 205, 170)

_SUIT_PATHS: Final = {
    "H": "M0 9C-3 6-10 1-10-4.5C-10-8-7.5-10-5-10C-2.5-10-.8-8.5 0-6.5"
    "C.8-8.5 2.5-10 5-10C7.5-10 10-8 10-4.5C10 1 3 6 0 9Z",
    "D": "M0-11C2-7 5-3 8 0C5 3 2 7 0 11C-2 7-5 3-8 0C-5-3-2-7 0-11Z",
    "S": "M0-11C3-7 10-3 10 3C10 6.5 7.5 8 5 8C3.3 8 2 7.3 1.1 6C1.2 8 1.8 9.8 3.5 11"
    "L-3.5 11C-1.8 9.8-1.2 8-1.1 6C-2 7.3-3.3 8-5 8C-7.5 8-10 6.5-10 3C-10-3-3-7 0-11Z",
    "C": "M0-11C3-11 5-9 5-6.3C5-4.8 4.3-3.5 3.2-2.6C4-3 4.7-3.1 5.5-3.1"
    "C8.3-3.1 10.3-1 10.3 1.9C10.3 4.8 8.2 7 5.4 7C3.5 7 2 6.2 1.1 4.8C1.2 7.5 1.8 9.8 3.5 11"
    "L-3.5 11C-1.8 9.8-1.2 7.5-1.1 4.8C-2 6.2-3.5 7-5.4 7C-8.2 7-10.3 4.8-10.3 1.9"
    "C-10.3-1-8.3-3.1-5.5-3.1C-4.7-3.1-4-3-3.2-2.6C-4.3-3.5-5-4.8-5-6.3C-5-9-3-11 0-11Z",
}
_L, _M, _R = 36, 50, 64
_Y1, _Y2, _Y3, _Y4, _Y5, _Y6, _Y7 = 30, 43.3, 50, 56.7, 70, 83.3, 110
_CORNERS: Final = ((_L, _Y1), (_R, _Y1), (_L, _Y7), (_R, _Y7))
_SIDES: Final = (*_CORNERS, (_L, _Y4), (_R, _Y4), (_L, _Y6), (_R, _Y6))
_PIPS: Final[dict[str, tuple[Point, ...]]] = {
    "2": ((_M, _Y1), (_M, _Y7)),
    "3": ((_M, _Y1), (_M, _Y5), (_M, _Y7)),
    "4": _CORNERS,
    "5": (*_CORNERS, (_M, _Y5)),
    "6": (*_CORNERS, (_L, _Y5), (_R, _Y5)),
    "7": (*_CORNERS, (_L, _Y5), (_R, _Y5), (_M, _Y3)),
    "8": (*_CORNERS, (_L, _Y5), (_R, _Y5), (_M, _Y3), (_M, 90)),
    "9": (*_SIDES, (_M, _Y5)),
    "T": (*_SIDES, (_M, _Y2), (_M, 96.7)),
}


@cache
def face(card: Card) -> Image.Image:
    """Return the card's face with its shadow, as RGBA."""
    return _with_shadow(_fine_face(card))


@cache
def back() -> Image.Image:
    """Return the back of every card with its shadow, as RGBA."""
    sheet, draw = _sheet()
    draw.rounded_rectangle(_box(6, 6, 94, 134), 5 * _UNIT, fill=(128, 20, 38))
    for at in range(-140, 141, 10):
        line = [_at(at, 8), _at(at + 124, 132)], [_at(at + 124, 8), _at(at, 132)]
        for ends in line:
            draw.line(ends, fill=(206, 120, 110), width=round(0.9 * _UNIT))
    # What the lattice drew over the margin.
    frame = Image.new("L", sheet.size, 0)
    ImageDraw.Draw(frame).rounded_rectangle(_box(6, 6, 94, 134), 5 * _UNIT, fill=255)
    paper, _ = _sheet()
    paper.paste(sheet, (0, 0), frame)
    draw = ImageDraw.Draw(paper)
    draw.polygon([_at(50, 50), _at(66, 70), _at(50, 90), _at(34, 70)], fill=_GOLD)
    draw.polygon([_at(50, 57), _at(60, 70), _at(50, 83), _at(40, 70)], fill=(128, 20, 38))
    return _with_shadow(paper)


def suit_shape(suit: str, x: float, y: float, scale: float, *, turned: bool = False) -> list[Point]:
    """Return a suit's outline around ``x, y`` on the sheet of 100 by 140, in fine pixels."""
    sign = -1 if turned else 1
    return [_at(x + sign * scale * px, y + sign * scale * py) for px, py in _outline(suit)]


def _fine_face(card: Card) -> Image.Image:
    rank, suit = card[0], card[1]
    ink = _RED if suit in "HD" else _BLACK
    sheet, draw = _sheet()
    if rank == "A":
        draw.polygon(suit_shape(suit, 50, 70, 2.3), fill=ink)
    elif rank in _PIPS:
        for x, y in _PIPS[rank]:
            draw.polygon(suit_shape(suit, x, y, 0.84, turned=y > 70), fill=ink)
    else:
        _draw_court(sheet, rank, suit, ink)
    corner = Image.new("RGBA", sheet.size)
    draw = ImageDraw.Draw(corner)
    text = "10" if rank == "T" else rank
    font = ImageFont.load_default((19 if rank == "T" else 25) * _UNIT)
    draw.text(
        _at(13.5, 16), text, ink, font, "mm", stroke_width=round(0.6 * _UNIT), stroke_fill=ink
    )
    draw.polygon(suit_shape(suit, 13.5, 36, 0.66), fill=ink)
    sheet.alpha_composite(corner)
    sheet.alpha_composite(corner.rotate(180))
    return sheet


def _draw_court(sheet: Image.Image, rank: str, suit: str, ink: tuple[int, int, int]) -> None:
    """Draw a king, queen or jack twice, head to head."""
    half = Image.new("RGBA", sheet.size)
    draw = ImageDraw.Draw(half)
    robe = (158, 30, 46) if ink == _RED else (34, 54, 112)
    draw.rectangle(_box(26, 19, 74, 70), fill=(250, 240, 214))
    draw.polygon(_points((27, 70), (31, 56), (42, 50), (58, 50), (69, 56), (73, 70)), fill=robe)
    draw.polygon(_points((44, 50), (50, 50), (66, 70), (56, 70)), fill=_GOLD)
    hair = {"K": (96, 64, 38), "Q": (150, 96, 40), "J": (70, 46, 30)}[rank]
    if rank == "Q":
        draw.ellipse(_box(39, 31, 61, 58), fill=hair)
    elif rank == "J":
        draw.ellipse(_box(41, 31, 59, 50), fill=hair)
    draw.ellipse(_box(43, 33, 57, 51), fill=_SKIN)
    if rank == "K":
        draw.chord(_box(42, 36, 58, 55), 10, 170, fill=hair)
    crowns = {
        "K": ((40, 37), (39, 24), (45, 31), (50, 22), (55, 31), (61, 24), (60, 37)),
        "Q": ((42, 36), (40, 28), (46, 32), (50, 26), (54, 32), (60, 28), (58, 36)),
        "J": ((41, 36), (42, 29), (50, 26), (60, 27), (59, 36)),
    }
    draw.polygon(_points(*crowns[rank]), fill=robe if rank == "J" else _GOLD)
    draw.rectangle(_box(41, 34, 59, 36.5), fill=_GOLD if rank == "J" else robe)
    for eye in (47, 53):
        draw.ellipse(_box(eye - 0.9, 40, eye + 0.9, 42), fill=_BLACK)
    draw.polygon(suit_shape(suit, 33, 28, 0.5), fill=ink)
    sheet.alpha_composite(half)
    sheet.alpha_composite(half.rotate(180))
    ImageDraw.Draw(sheet).rectangle(
        _box(26, 19, 74, 121), outline=(150, 130, 90), width=round(0.9 * _UNIT)
    )


def _sheet() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    sheet = Image.new("RGBA", (WIDTH * _FINE, HEIGHT * _FINE))
    draw = ImageDraw.Draw(sheet)
    draw.rounded_rectangle(
        (0, 0, sheet.width - 1, sheet.height - 1),
        7 * _UNIT,
        fill=_PAPER,
        outline=(170, 166, 156),
        width=round(0.8 * _UNIT),
    )
    return sheet, draw


def _with_shadow(sheet: Image.Image) -> Image.Image:
    small = sheet.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    whole = Image.new("RGBA", (WIDTH + 2 * SHADOW, HEIGHT + 2 * SHADOW))
    shadow = Image.new("L", whole.size, 0)
    ImageDraw.Draw(shadow).rounded_rectangle(
        (SHADOW + 1, SHADOW + 2, SHADOW + WIDTH, SHADOW + HEIGHT + 1), 5, fill=130
    )
    whole.putalpha(shadow.filter(ImageFilter.GaussianBlur(2.4)))
    whole.alpha_composite(small, (SHADOW, SHADOW))
    return whole


def _at(x: float, y: float) -> Point:
    return x * _UNIT, y * _UNIT


def _points(*points: Point) -> list[Point]:
    return [_at(x, y) for x, y in points]


def _box(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
    return left * _UNIT, top * _UNIT, right * _UNIT, bottom * _UNIT


@cache
def _outline(suit: str) -> tuple[Point, ...]:
    """Return the suit's path as a polygon; a curve becomes eight straight lines."""
    points: list[Point] = []
    for step, numbers in re.findall(r"([MLC])([^MLCZ]*)", _SUIT_PATHS[suit]):
        values = [float(number) for number in re.findall(r"-?\d*\.?\d+", numbers)]
        pairs = list(zip(values[::2], values[1::2], strict=True))
        if step == "C":
            curve = (points[-1], *pairs)
            points += [_on_curve(curve, at / 8) for at in range(1, 9)]
        else:
            points += pairs
    return tuple(points)


def _on_curve(curve: tuple[Point, ...], t: float) -> Point:
    u = 1 - t
    weights = (u**3, 3 * u * u * t, 3 * u * t * t, t**3)
    return (
        sum(weight * x for weight, (x, _) in zip(weights, curve, strict=True)),
        sum(weight * y for weight, (_, y) in zip(weights, curve, strict=True)),
    )
