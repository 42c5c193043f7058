"""What never moves in the pictures of a table: felt, rims, fields, shoe."""

from __future__ import annotations

import random
import unicodedata
from functools import cache
from typing import Final, TypeAlias

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from baccarat.domain.coup import Hand, Outcome
from sandbox.studio import cards

WIDTH: Final = 640
HEIGHT: Final = 360
STRIP_HEIGHT: Final = 16

Box: TypeAlias = tuple[int, int, int, int]
Color: TypeAlias = tuple[int, int, int]

GOLD: Final = (214, 180, 106)
IVORY: Final = (244, 238, 220)
PLAYER: Final = (96, 160, 240)
BANKER: Final = (236, 88, 84)
TIE: Final = (92, 204, 132)

HANDS: Final[dict[Hand, Box]] = {
    Hand.PLAYER: (14, 68, 284, 212),
    Hand.BANKER: (356, 68, 626, 212),
}
"""Where the cards of a hand lie."""
FIELDS: Final[dict[Outcome, Box]] = {
    Outcome.PLAYER: (14, 222, 226, 294),
    Outcome.TIE: (236, 222, 404, 294),
    Outcome.BANKER: (414, 222, 626, 294),
}
"""Where chips would lie."""
COLORS: Final = {Outcome.PLAYER: PLAYER, Outcome.TIE: TIE, Outcome.BANKER: BANKER}
MESSAGE: Final[Box] = (14, 302, 626, 338)
PLATE: Final[Box] = (252, 12, 388, 44)
CLOCK: Final = (320, 140)
"""The middle of the round's clock."""
SHOE_MOUTH: Final = (548, 52)
"""The middle of a card that leaves the shoe."""

_FINE: Final = 3


def printable(text: str) -> str:
    """Return ``text`` in the letters that Pillow's own font has; it needs no font of the system."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return plain if plain.strip() else "?" * bool(text)


@cache
def font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


@cache
def background() -> Image.Image:
    """Return the empty table, as RGB. It takes a while and is made once."""
    felt = _felt()
    lines = Image.new("RGBA", (WIDTH * _FINE, HEIGHT * _FINE))
    draw = ImageDraw.Draw(lines)
    for hand, box in HANDS.items():
        color = COLORS[Outcome(hand.value)]
        draw.rounded_rectangle(
            _fine(box), 12 * _FINE, fill=(0, 0, 0, 44), outline=(*GOLD, 190), width=4
        )
        spaced(draw, hand.value, _middle(box)[0], box[1] + 14, 15, color)
    for outcome, box in FIELDS.items():
        color = COLORS[outcome]
        draw.rounded_rectangle(
            _fine(box), 14 * _FINE, fill=(*color, 26), outline=(*color, 170), width=5
        )
        x, y = _middle(box)
        spaced(draw, outcome.value, x, y - 8, 23, color)
    draw.rounded_rectangle(_fine(MESSAGE), 10 * _FINE, fill=(0, 0, 0, 90))
    draw.arc(_fine((-120, -420, 760, 56)), 20, 160, fill=(*GOLD, 150), width=4)
    small = lines.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    felt.paste(small, (0, 0), small)
    shoe = _shoe()
    felt.paste(shoe, (WIDTH - shoe.width, 0), shoe)
    felt.paste((0, 0, 0), (0, HEIGHT - STRIP_HEIGHT, WIDTH, HEIGHT))
    return felt


@cache
def glow(outcome: Outcome) -> Image.Image:
    """Return what is laid over the fields when ``outcome`` has won, as RGBA."""
    layer = Image.new("RGBA", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(layer)
    boxes = [FIELDS[outcome]]
    if outcome is not Outcome.TIE:
        boxes.append(HANDS[Hand(outcome.value)])
    color = COLORS[outcome]
    for box in boxes:
        draw.rounded_rectangle(box, 13, outline=(*color, 255), width=5)
    soft = layer.filter(ImageFilter.GaussianBlur(6))
    layer = Image.alpha_composite(soft, soft)
    draw = ImageDraw.Draw(layer)
    for box in boxes:
        draw.rounded_rectangle(box, 13, outline=(*IVORY, 235), width=2)
    draw.rounded_rectangle(FIELDS[outcome], 13, fill=(*color, 70), outline=(*IVORY, 235), width=2)
    return layer


@cache
def plate(name: str) -> Image.Image:
    """Return the dealer's brass plate, as RGBA."""
    width, height = PLATE[2] - PLATE[0], PLATE[3] - PLATE[1]
    brass = Image.linear_gradient("L").resize((width * _FINE, height * _FINE))
    image = Image.merge(
        "RGB",
        (
            brass.point(lambda v: 232 - v // 4),
            brass.point(lambda v: 196 - v // 4),
            brass.point(lambda v: 118 - v // 5),
        ),
    )
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle(
        (6, 6, image.width - 7, image.height - 7), 10, outline=(120, 88, 34), width=3
    )
    ink = (66, 44, 12)
    spaced(draw, "DEALER", width / 2, 9, 7.5, ink)
    draw.text(
        (width / 2 * _FINE, 21 * _FINE),
        printable(name)[:18],
        ink,
        font(15 * _FINE),
        "mm",
        stroke_width=1,
    )
    mask = Image.new("L", image.size)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, image.width - 1, image.height - 1), 16, fill=255)
    image.putalpha(mask)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def spaced(
    draw: ImageDraw.ImageDraw, text: str, x: float, y: float, size: float, color: Color
) -> None:
    """Write ``text`` in wide letters around ``x, y``, all given in pixels of the picture."""
    face = font(size * _FINE)
    gap = size * _FINE * 0.16
    widths = [face.getlength(letter) for letter in text]
    at = x * _FINE - (sum(widths) + gap * (len(text) - 1)) / 2
    for letter, width in zip(text, widths, strict=True):
        draw.text((at, y * _FINE), letter, color, face, "lm", stroke_width=1, stroke_fill=color)
        at += width + gap


def _felt() -> Image.Image:
    light = Image.radial_gradient("L").resize((WIDTH * 2, HEIGHT * 2))
    light = light.crop((WIDTH // 2, HEIGHT // 2 + 40, WIDTH * 3 // 2, HEIGHT * 3 // 2 + 40))
    grain = Image.frombytes("L", (WIDTH, HEIGHT), random.Random(1).randbytes(WIDTH * HEIGHT))  # noqa: S311  texture
    grain = grain.filter(ImageFilter.GaussianBlur(0.8)).point(lambda v: (v - 96) // 16)
    channels = []
    for near, far in ((22, 5), (104, 34), (70, 26)):
        channel = light.point(lambda v, near=near, far=far: near + (far - near) * min(v, 190) / 190)
        channels.append(ImageChops.add(channel, grain, 1, 0))
    return Image.merge("RGB", channels)


def _shoe() -> Image.Image:
    """Return the shoe, seen from above at an angle, as RGBA."""
    image = Image.new("RGBA", (128 * _FINE, 66 * _FINE))
    draw = ImageDraw.Draw(image)

    def shape(points: list[tuple[float, float]], fill: Color, outline: Color | None = None) -> None:
        draw.polygon([(x * _FINE, y * _FINE) for x, y in points], fill, outline, 2)

    shape([(30, 8), (124, -6), (132, 40), (44, 60)], (0, 0, 0))
    image = image.filter(ImageFilter.GaussianBlur(8))
    draw = ImageDraw.Draw(image)
    shape([(24, 6), (122, -8), (130, 34), (38, 52)], (40, 32, 34), (92, 76, 60))
    shape([(44, 8), (112, -2), (117, 22), (52, 34)], (70, 60, 62))
    for at in range(9):
        shift = at * 7.2
        shape(
            [(46 + shift, 8.6 - at), (51 + shift, 8 - at), (57 + shift, 32 - at * 1.3),
             (52 + shift, 33 - at * 1.3)],
            (236, 230, 216) if at % 2 else (206, 198, 182),
        )  # fmt: skip
    shape([(24, 6), (42, 3), (58, 48), (38, 52)], (92, 20, 32), (196, 164, 96))
    shape([(30, 12), (38, 10), (49, 43), (40, 45)], (30, 22, 24))
    return image.resize((128, 66), Image.Resampling.LANCZOS)


def place_of(hand: Hand, place: int) -> tuple[int, int]:
    """Return the middle of the card at ``place`` of a hand; the third lies sideways, outside."""
    left, _, right, bottom = HANDS[hand]
    y = bottom - 13 - cards.HEIGHT // 2
    inner = cards.WIDTH // 2
    if hand is Hand.PLAYER:
        xs = (right - 84 - inner, right - 10 - inner, left + 10 + cards.HEIGHT // 2)
    else:
        xs = (left + 10 + inner, left + 84 + inner, right - 10 - cards.HEIGHT // 2)
    return xs[place], y


def _middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _fine(box: Box) -> tuple[int, int, int, int]:
    return box[0] * _FINE, box[1] * _FINE, box[2] * _FINE, box[3] * _FINE
