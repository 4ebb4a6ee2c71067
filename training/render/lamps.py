"""Lamps and windows: where they stand, their colour, and what a mirror would show of the room."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from training.render.fields import clouds
from training.render.noise import Field
from training.render.view import View

Direction = NDArray[np.float64]
"""[3], unit."""
OVERHEAD_PX = 192
"""Side of the map of everything overhead."""
SCREEN_PX = 160
"""Side of a map of shadows from beside the bench."""
HORIZON = 0.47
"""Its circle's radius on the map, in parts of the side."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Light:
    """The light on a bench."""

    name: str
    """A key of LIGHTS."""
    towards: NDArray[np.float64]
    """[3], unit: from the bench to the main lamp."""
    key: float
    """The main lamp's strength."""
    ambient: float
    """What comes from everywhere."""
    bgr: NDArray[np.float32]
    """[3]: the main lamp's colour, around 1."""
    softness: float
    """Width of a shadow's edge in heights of what casts it."""
    falloff: float
    """How much darker the far side of the picture is, 0 to 1."""
    overhead: NDArray[np.float32]
    """[OVERHEAD_PX, OVERHEAD_PX, 3]: what a mirror on the bench would show."""
    screened: Field | None = None
    """[SCREEN_PX, SCREEN_PX], stretched over the picture: the share of the main lamp's light that
    something beside the bench lets through; None where nothing is in its way."""

    @property
    def azimuth_deg(self) -> float:
        """Where the lamp is, around the bench: 0 is right, 90 is the viewer's side."""
        return float(np.degrees(np.arctan2(self.towards[1], self.towards[0])))

    @property
    def elevation_deg(self) -> float:
        """How high the lamp stands over the bench: 90 is straight above."""
        return float(np.degrees(np.arcsin(np.clip(self.towards[2], -1, 1))))


def _spot(at: NDArray[np.float64], long: float, wide: float, turn: float) -> NDArray[np.int32]:
    """Corners of a rectangle overhead, in pixels of the map."""
    c, s = np.cos(turn), np.sin(turn)
    corners = np.array([(-long, -wide), (long, -wide), (long, wide), (-long, wide)]) / 2
    turned = corners @ np.array([[c, s], [-s, c]]) + at[:2]
    return np.asarray((turned * HORIZON + 0.5) * OVERHEAD_PX * 16, np.int32)


def _room(rng: np.random.Generator) -> NDArray[np.float32]:
    """Ceiling and walls, dimmer to the horizon, a few dark and pale things in them."""
    y, x = np.mgrid[0:OVERHEAD_PX, 0:OVERHEAD_PX].astype(np.float32) / OVERHEAD_PX * 2 - 1
    base = rng.uniform(0.3, 0.9) * (1 - 0.55 * np.clip(np.hypot(x, y), 0, 1.2))
    room = np.repeat(
        (base * (1 + 0.25 * clouds(rng, OVERHEAD_PX, OVERHEAD_PX, 60)))[..., None], 3, axis=2
    )
    for _ in range(int(rng.integers(3, 8))):
        at = rng.uniform(-0.9, 0.9, 2)
        long, wide = rng.uniform(0.1, 0.6, 2)
        corners = _spot(at, long, wide, rng.uniform(0, 3))
        tone = float(rng.uniform(0.03, 1.3))
        colour = tuple(float(v) for v in tone * rng.uniform(0.7, 1.2, 3))
        cv2.fillPoly(room, [corners], colour, cv2.LINE_8, 4)
    person = _spot(np.array([rng.uniform(-0.2, 0.2), 0.75]), rng.uniform(0.3, 0.6), 1.2, 0.0)
    cv2.fillPoly(room, [person], (0.05, 0.05, 0.06), cv2.LINE_8, 4)
    cv2.circle(
        room, (OVERHEAD_PX // 2, OVERHEAD_PX // 2), int(rng.integers(4, 12)), (0.02, 0.02, 0.02), -1
    )
    return np.asarray(cv2.GaussianBlur(room, (0, 0), 1.2), np.float32)


def _hung(
    room: NDArray[np.float32],
    shapes: list[NDArray[np.int32]],
    strength: float,
    bgr: NDArray[np.float32],
) -> NDArray[np.float32]:
    """The room with bright shapes in it, a little haze around them."""
    lamp = np.zeros((OVERHEAD_PX, OVERHEAD_PX), np.uint8)
    cv2.fillPoly(lamp, shapes, 255, cv2.LINE_AA, 4)
    bright = cv2.GaussianBlur(lamp, (0, 0), 1.0).astype(np.float32) / 255
    haze = cv2.GaussianBlur(bright, (0, 0), 9) * 0.08
    return np.asarray(room + ((bright + haze) * strength)[..., None] * bgr, np.float32)


def _towards(
    rng: np.random.Generator, low_deg: float, high_deg: float, near: Direction | None
) -> Direction:
    """A direction at a height over the horizon, from anywhere around, or near a given one."""
    if near is not None:
        about = near + rng.normal(0, 0.16, 3)
        return np.asarray(about / np.linalg.norm(about), np.float64)
    up, around = np.radians(rng.uniform(low_deg, high_deg)), rng.uniform(0, 2 * np.pi)
    return np.array([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)])


def _tint(rng: np.random.Generator, warmth: float) -> NDArray[np.float32]:
    """A lamp's colour, BGR: warm above 0, cool below."""
    shift = warmth + rng.normal(0, 0.03)
    return np.array([1 - shift, 1 + rng.normal(0, 0.015), 1 + shift * 0.8], np.float32)


def softbox(rng: np.random.Generator, towards: Direction | None = None) -> Light:
    """One or two large diffusers: what a photo bench has."""
    towards, bgr = _towards(rng, 40, 75, towards), _tint(rng, rng.uniform(-0.05, 0.06))
    turn = np.arctan2(towards[1], towards[0])
    shapes = [_spot(towards, rng.uniform(0.2, 0.4), rng.uniform(0.3, 0.7), turn)]
    if rng.random() < 0.5:
        shapes.append(_spot(-towards * rng.uniform(0.7, 1.1), 0.25, 0.5, turn))
    return Light(
        name="softbox", towards=towards, key=rng.uniform(0.5, 0.75), ambient=rng.uniform(0.35, 0.5),
        bgr=bgr, softness=rng.uniform(0.5, 1.0), falloff=rng.uniform(0.05, 0.3),
        overhead=_hung(_room(rng), shapes, rng.uniform(2.5, 6), bgr),
    )  # fmt: skip


def window(rng: np.random.Generator, towards: Direction | None = None) -> Light:
    """Daylight from one side, its panes in every reflection."""
    towards, bgr = _towards(rng, 22, 50, towards), _tint(rng, rng.uniform(-0.1, 0.02))
    turn = np.arctan2(towards[1], towards[0]) + np.pi / 2
    along, deep = np.array([np.cos(turn), np.sin(turn), 0]), towards * [1, 1, 0]
    wide = rng.uniform(0.12, 0.3)
    shapes = [
        _spot(towards + along * (i - 0.5) * wide * 1.15 + deep * j * 0.22, wide, 0.2, turn)
        for i in range(int(rng.integers(1, 4))) for j in (0, 1)
    ]  # fmt: skip
    return Light(
        name="window", towards=towards, key=rng.uniform(0.6, 0.95), ambient=rng.uniform(0.25, 0.4),
        bgr=bgr, softness=rng.uniform(0.25, 0.6), falloff=rng.uniform(0.25, 0.6),
        overhead=_hung(_room(rng), shapes, rng.uniform(2.5, 7), bgr),
    )  # fmt: skip


def bulb(rng: np.random.Generator, towards: Direction | None = None) -> Light:
    """A small lamp: hard shadows, a glaring dot."""
    towards, bgr = _towards(rng, 30, 70, towards), _tint(rng, rng.uniform(0.0, 0.16))
    shapes = [_spot(towards, 0.07, 0.07, 0.4)]
    return Light(
        name="bulb", towards=towards, key=rng.uniform(0.7, 1.0), ambient=rng.uniform(0.18, 0.32),
        bgr=bgr, softness=rng.uniform(0.04, 0.18), falloff=rng.uniform(0.2, 0.65),
        overhead=_hung(_room(rng), shapes, rng.uniform(8, 20), bgr),
    )  # fmt: skip


def tubes(rng: np.random.Generator, towards: Direction | None = None) -> Light:
    """Fluorescent tubes on the ceiling: even, cool, long stripes in reflections."""
    towards, bgr = _towards(rng, 60, 85, towards), _tint(rng, rng.uniform(-0.07, 0.04))
    turn, gap = rng.uniform(0, np.pi), rng.uniform(0.3, 0.55)
    across = np.array([-np.sin(turn), np.cos(turn)])
    shapes = [_spot(towards[:2] + across * gap * i, 0.8, 0.06, turn) for i in (-2, -1, 0, 1)]
    return Light(
        name="tubes", towards=towards, key=rng.uniform(0.35, 0.55), ambient=rng.uniform(0.45, 0.6),
        bgr=bgr, softness=rng.uniform(0.6, 1.2), falloff=rng.uniform(0.05, 0.25),
        overhead=_hung(_room(rng), shapes, rng.uniform(3, 7), bgr),
    )  # fmt: skip


LIGHTS = {"softbox": softbox, "window": window, "bulb": bulb, "tubes": tubes}


def any_light(rng: np.random.Generator, view: View) -> Light:
    """One of LIGHTS; a third of them where the camera sees them in whatever shines, some screened."""
    glare = np.array([1, 1, -1]) * view.gaze if rng.random() < 0.35 else None
    light = LIGHTS[str(rng.choice(list(LIGHTS), p=[0.35, 0.25, 0.2, 0.2]))](rng, glare)
    return replace(light, screened=_screen(rng, light.softness)) if rng.random() < 0.2 else light


def _screen(rng: np.random.Generator, softness: float) -> Field:
    """The shadow of a shelf's edge, a bar, an arm or a lamp's stand across the picture."""
    shadow = np.zeros((SCREEN_PX, SCREEN_PX), np.float32)
    turn, away = rng.uniform(0, np.pi), rng.uniform(-0.45, 0.45, 2)
    wide = rng.choice([0.06, 0.15, 1.2]) * rng.uniform(0.7, 1.4)
    beside = np.array([-np.sin(turn), np.cos(turn)]) * wide / 2
    for n in range(int(rng.integers(1, 4))):
        corners = _spot(away + beside * (1 + 4 * n), 4.0, wide, turn) / OVERHEAD_PX * SCREEN_PX
        cv2.fillPoly(shadow, [corners.astype(np.int32)], 1.0, cv2.LINE_8, 4)
    soft = cv2.GaussianBlur(shadow, (0, 0), 0.8 + 7 * softness)
    return np.asarray(1 - soft * rng.uniform(0.35, 0.9), np.float32)


def turned(light: Light, by_deg: float) -> Light:
    """The same lamp carried around the bench."""
    c, s = np.cos(np.radians(by_deg)), np.sin(np.radians(by_deg))
    x, y, z = light.towards
    middle = (OVERHEAD_PX / 2, OVERHEAD_PX / 2)
    matrix = cv2.getRotationMatrix2D(middle, -by_deg, 1.0)
    overhead = cv2.warpAffine(
        light.overhead, matrix, (OVERHEAD_PX, OVERHEAD_PX), borderMode=cv2.BORDER_REPLICATE
    )
    towards = np.array([c * x - s * y, s * x + c * y, z])
    # What screens one place of the lamp does not screen another.
    return replace(light, towards=towards, overhead=np.asarray(overhead, np.float32), screened=None)
