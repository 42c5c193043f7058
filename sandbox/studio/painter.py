"""Paints the pictures of a table, cheaply: what lies still is kept and copied."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw

from baccarat.domain.coup import Hand, Outcome
from baccarat.domain.video.marks import FrameMark
from baccarat.domain.video.strip import COLUMNS, ROWS, Strip
from sandbox.studio import cards, felt
from sandbox.studio.scene import CardOnTable, Scene

_FINE: Final = 3
_CLOCK_RADIUS: Final = 30
_CLOCK_STEPS: Final = 90
_RED_BELOW: Final = 0.25
_FIELDS: Final = (Outcome.PLAYER, Outcome.TIE, Outcome.BANKER)


class Painter:
    """Of one table."""

    def __init__(self) -> None:
        self._still: Image.Image = felt.background()
        self._key: tuple[object, ...] = ()

    def paint(self, scene: Scene, mark: FrameMark) -> Image.Image:
        """Return a picture of 640 by 360, RGB, with the mark's strip at the bottom."""
        picture = self._stage(scene).copy()
        for card in scene.cards:
            if not card.lies:
                _paste_moving(picture, card)
        if scene.fraction_left is not None:
            clock = _clock(round(scene.fraction_left * _CLOCK_STEPS), scene.seconds_left)
            _paste(picture, clock, *felt.CLOCK)
        picture.paste(_strip(mark), (0, felt.HEIGHT - felt.STRIP_HEIGHT))
        return picture

    def _stage(self, scene: Scene) -> Image.Image:
        """Return the picture without what moves; painted anew only when something else changed."""
        lying = tuple(card for card in scene.cards if card.lies)
        key = (
            *(scene.table_name, scene.dealer_name, scene.round_no, scene.message),
            *(lying, scene.totals, scene.winner, scene.pays),
        )
        if key != self._key:
            self._key, self._still = key, self._paint_stage(scene, lying)
        return self._still

    def _paint_stage(self, scene: Scene, lying: tuple[CardOnTable, ...]) -> Image.Image:
        stage = felt.background().copy()
        for outcome, pays in zip(_FIELDS, scene.pays, strict=True):
            left, top, right, _ = felt.FIELDS[outcome]
            label = _label(pays, right - left)
            _paste(stage, label, (left + right) // 2, top + 51)
        if scene.winner is not None:
            stage.paste(felt.glow(scene.winner), (0, 0), felt.glow(scene.winner))
        for card in lying:
            sprite = cards.face(card.card)
            if card.place == 2:
                sprite = sprite.transpose(Image.Transpose.ROTATE_90)
            _paste(stage, sprite, *felt.place_of(card.hand, card.place))
        for hand, points in zip((Hand.PLAYER, Hand.BANKER), scene.totals, strict=True):
            if points is not None:
                left, top, right, _ = felt.HANDS[hand]
                x = right - 24 if hand is Hand.PLAYER else left + 24
                _paste(stage, _badge(points, hand), x, top + 14)
        if scene.dealer_name:
            plate = felt.plate(scene.dealer_name)
            stage.paste(plate, felt.PLATE[:2], plate)
        title = _title(scene.table_name, scene.round_no)
        stage.paste(title, (14, 8), title)
        color = felt.COLORS[scene.winner] if scene.winner is not None else felt.IVORY
        left, top, right, bottom = felt.MESSAGE
        _paste(stage, _text(scene.message, 19, color), (left + right) // 2, (top + bottom) // 2)
        return stage


def _paste(picture: Image.Image, sprite: Image.Image, x: float, y: float) -> None:
    """Lay ``sprite`` with its middle on ``x, y``."""
    at = round(x - sprite.width / 2), round(y - sprite.height / 2)
    picture.paste(sprite, at, sprite)


def _paste_moving(picture: Image.Image, card: CardOnTable) -> None:
    """A card slides out of the shoe face down, slower and slower, and turns over where it lies."""
    x, y = felt.place_of(card.hand, card.place)
    rest = (1 - card.travelled) ** 2
    from_x, from_y = felt.SHOE_MOUTH
    sprite = cards.back() if card.turned < 0.5 else cards.face(card.card)
    if card.turned > 0:
        width = max(2, round(sprite.width * abs(1 - 2 * card.turned)))
        sprite = sprite.resize((width, sprite.height), Image.Resampling.BILINEAR)
    angle = 90 * (1 - rest) if card.place == 2 else 24 * rest
    if angle >= 90:
        sprite = sprite.transpose(Image.Transpose.ROTATE_90)
    elif angle >= 1:
        sprite = sprite.rotate(angle, Image.Resampling.BILINEAR, expand=True)
    _paste(picture, sprite, x + (from_x - x) * rest, y + (from_y - y) * rest)


def _strip(mark: FrameMark) -> Image.Image:
    blocks = bytes(255 * white for row in Strip.of(mark).blocks() for white in row)
    return Image.frombytes("L", (COLUMNS, ROWS), blocks).resize(
        (felt.WIDTH, felt.STRIP_HEIGHT), Image.Resampling.NEAREST
    )


@lru_cache(maxsize=4 * _CLOCK_STEPS)
def _clock(step: int, seconds_left: int) -> Image.Image:
    side = 2 * (_CLOCK_RADIUS + 2) * _FINE
    image = Image.new("RGBA", (side, side))
    draw = ImageDraw.Draw(image)
    box = (6, 6, side - 7, side - 7)
    hurry = step <= _RED_BELOW * _CLOCK_STEPS
    color = (232, 84, 66) if hurry else felt.TIE
    draw.ellipse(box, fill=(6, 22, 16, 210))
    draw.arc(box, 0, 360, fill=(*felt.IVORY, 60), width=5 * _FINE)
    draw.arc(box, -90, -90 + 360 * step / _CLOCK_STEPS, fill=color, width=5 * _FINE)
    draw.text(
        (side / 2, side / 2), str(seconds_left), felt.IVORY, felt.font(24 * _FINE), "mm",
        stroke_width=1,
    )  # fmt: skip
    return _small(image)


@lru_cache(maxsize=32)
def _badge(points: int, hand: Hand) -> Image.Image:
    side = 26 * _FINE
    image = Image.new("RGBA", (side, side))
    draw = ImageDraw.Draw(image)
    draw.ellipse((1, 1, side - 2, side - 2), fill=felt.COLORS[Outcome(hand.value)])
    draw.text(
        (side / 2, side / 2), str(points), (10, 16, 22), felt.font(17 * _FINE), "mm",
        stroke_width=2,
    )  # fmt: skip
    return _small(image)


@lru_cache(maxsize=8)
def _title(table_name: str, round_no: int) -> Image.Image:
    image = Image.new("RGBA", (230 * _FINE, 40 * _FINE))
    draw = ImageDraw.Draw(image)
    draw.text(
        (0, 12 * _FINE),
        felt.printable(table_name)[:24],
        felt.GOLD,
        felt.font(17 * _FINE),
        "lm",
        stroke_width=1,
    )
    if round_no:
        draw.text((0, 31 * _FINE), f"Round {round_no}", felt.IVORY, felt.font(12 * _FINE), "lm")
    return _small(image)


@lru_cache(maxsize=8)
def _label(text: str, width: int) -> Image.Image:
    image = Image.new("RGBA", (width * _FINE, 16 * _FINE))
    size = 10 if len(text) < 24 else 7
    felt.spaced(ImageDraw.Draw(image), text, width / 2, 8, size, felt.IVORY)
    return _small(image)


@lru_cache(maxsize=32)
def _text(text: str, size: int, color: felt.Color) -> Image.Image:
    left, top, right, bottom = felt.MESSAGE
    image = Image.new("RGBA", ((right - left) * _FINE, (bottom - top) * _FINE))
    felt.spaced(ImageDraw.Draw(image), text, (right - left) / 2, (bottom - top) / 2, size, color)
    return _small(image)


def _small(image: Image.Image) -> Image.Image:
    return image.resize((image.width // _FINE, image.height // _FINE), Image.Resampling.LANCZOS)
