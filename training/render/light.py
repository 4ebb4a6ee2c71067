"""Lamps, windows and what they do: shading, shadows, reflections."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from training.render.canvas import Canvas
from training.render.fields import clouds
from training.render.noise import Field, Picture
from training.render.view import View

Direction = NDArray[np.float64]
"""[3], unit."""
_ENV = 192  # pixels of the map of everything overhead; its circle is the horizon
# A pixel's square root is its brightness on screen: close to sRGB's curve, and far faster.
_LINEAR = ((np.arange(256, dtype=np.float32) / 255) ** 2).astype(np.float32)


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
    """[_ENV, _ENV, 3]: what a mirror on the bench would show."""

    @property
    def azimuth_deg(self) -> float:
        """Where the lamp is, around the bench: 0 is right, 90 is the viewer's side."""
        return float(np.degrees(np.arctan2(self.towards[1], self.towards[0])))


def _spot(at: NDArray[np.float64], long: float, wide: float, turn: float) -> NDArray[np.int32]:
    """Corners of a rectangle overhead, in pixels of the map."""
    c, s = np.cos(turn), np.sin(turn)
    corners = np.array([(-long, -wide), (long, -wide), (long, wide), (-long, wide)]) / 2
    turned = corners @ np.array([[c, s], [-s, c]]) + at[:2]
    return np.asarray((turned * 0.47 + 0.5) * _ENV * 16, np.int32)


def _room(rng: np.random.Generator) -> NDArray[np.float32]:
    """Ceiling and walls, dimmer to the horizon, a few dark and pale things in them."""
    y, x = np.mgrid[0:_ENV, 0:_ENV].astype(np.float32) / _ENV * 2 - 1
    base = rng.uniform(0.3, 0.9) * (1 - 0.55 * np.clip(np.hypot(x, y), 0, 1.2))
    room = np.repeat((base * (1 + 0.25 * clouds(rng, _ENV, _ENV, 60)))[..., None], 3, axis=2)
    for _ in range(int(rng.integers(3, 8))):
        at = rng.uniform(-0.9, 0.9, 2)
        long, wide = rng.uniform(0.1, 0.6, 2)
        corners = _spot(at, long, wide, rng.uniform(0, 3))
        tone = float(rng.uniform(0.03, 1.3))
        colour = tuple(float(v) for v in tone * rng.uniform(0.7, 1.2, 3))
        cv2.fillPoly(room, [corners], colour, cv2.LINE_8, 4)
    person = _spot(np.array([rng.uniform(-0.2, 0.2), 0.75]), rng.uniform(0.3, 0.6), 1.2, 0.0)
    cv2.fillPoly(room, [person], (0.05, 0.05, 0.06), cv2.LINE_8, 4)
    cv2.circle(room, (_ENV // 2, _ENV // 2), int(rng.integers(4, 12)), (0.02, 0.02, 0.02), -1)
    return np.asarray(cv2.GaussianBlur(room, (0, 0), 1.2), np.float32)


def _hung(
    room: NDArray[np.float32],
    shapes: list[NDArray[np.int32]],
    strength: float,
    bgr: NDArray[np.float32],
) -> NDArray[np.float32]:
    """The room with bright shapes in it, a little haze around them."""
    lamp = np.zeros((_ENV, _ENV), np.uint8)
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
    """One of LIGHTS; a third of them where the camera sees them in whatever shines."""
    glare = np.array([1, 1, -1]) * view.gaze if rng.random() < 0.35 else None
    return LIGHTS[str(rng.choice(list(LIGHTS), p=[0.35, 0.25, 0.2, 0.2]))](rng, glare)


def turned(light: Light, by_deg: float) -> Light:
    """The same lamp carried around the bench."""
    c, s = np.cos(np.radians(by_deg)), np.sin(np.radians(by_deg))
    x, y, z = light.towards
    middle = (_ENV / 2, _ENV / 2)
    matrix = cv2.getRotationMatrix2D(middle, -by_deg, 1.0)
    overhead = cv2.warpAffine(light.overhead, matrix, (_ENV, _ENV), borderMode=cv2.BORDER_REPLICATE)
    towards = np.array([c * x - s * y, s * x + c * y, z])
    return replace(light, towards=towards, overhead=np.asarray(overhead, np.float32))


def shade(canvas: Canvas, light: Light) -> Picture:
    """[side, side, 3] BGR: the canvas under this light, before the camera."""
    slope_x, slope_y = _slopes(canvas.relief)
    lit = _irradiance(canvas, light, slope_x, slope_y)
    linear = _LINEAR[canvas.albedo]
    linear *= lit[..., None]
    linear *= 1 + (light.bgr - 1) * np.float32(light.key / (light.key + light.ambient))
    if canvas.mirror.any() or canvas.satin.any():
        linear += _reflected(canvas, light, slope_x, slope_y)
    if canvas.glow.any():
        linear += _LINEAR[canvas.glow]
    return _exposed(linear)


def _exposed(linear: NDArray[np.float32]) -> Picture:
    """As a camera's meter would: nothing large is blown out, nothing drowned; glare may burn."""
    bright = float(np.percentile(linear[::8, ::8], 96))
    gain = 0.82 / bright if bright > 0.82 else max(1.0, min(2.2, 0.3 / max(bright, 0.01)))
    linear *= np.float32(gain)
    np.clip(linear, 0, 1, out=linear)
    return np.asarray(cv2.sqrt(linear) * 255 + 0.5, np.uint8)


def _slopes(relief: Field) -> tuple[Field, Field]:
    soft = cv2.GaussianBlur(relief, (0, 0), 0.7)
    return (
        np.asarray(cv2.Sobel(soft, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8), np.float32),
        np.asarray(cv2.Sobel(soft, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8), np.float32),
    )


def _irradiance(canvas: Canvas, light: Light, slope_x: Field, slope_y: Field) -> Field:
    """[side, side]: how much light falls on each pixel."""
    faces = np.array([max(0.0, float(n @ light.towards)) for n in canvas.normals], np.float32)
    x, y, z = (np.float32(v) for v in light.towards)
    bent = np.clip(faces[canvas.face] - (slope_x * x + slope_y * y) * (1.2 - 0.4 * z), 0, 1.6)
    direct = cv2.GaussianBlur(bent * _unshadowed(canvas, light), (0, 0), 0.6)
    sky = np.array([0.62 + 0.38 * float(n[2]) for n in canvas.normals], np.float32)[canvas.face]
    soft = cv2.GaussianBlur(sky, (0, 0), 0.6) * _unhidden(canvas)
    return np.asarray((light.key * direct + light.ambient * soft) * _gradient(canvas, light))


def _gradient(canvas: Canvas, light: Light) -> Field:
    """[side, side]: brighter to the lamp's side."""
    axis = np.linspace(-1, 1, canvas.view.side_px, dtype=np.float32)
    x, y, _ = light.towards / max(1e-6, float(np.hypot(*light.towards[:2])))
    ramp = 0.5 * (np.float32(x) * axis[None, :] + np.float32(y) * axis[:, None])
    return np.asarray(1.02 + light.falloff * 0.55 * ramp - 0.06 * (ramp**2), np.float32)


def _unshadowed(canvas: Canvas, light: Light) -> Field:
    """[side, side]: 1 in the lamp's light, 0 in full shadow; only the bench is shadowed."""
    side = canvas.view.side_px
    cast = np.zeros((side, side), np.uint8)
    slide = light.towards[:2] / max(0.25, light.towards[2])
    for outline in canvas.outlines:
        ground = outline.copy()
        ground[:, :2] -= outline[:, 2:] * slide
        ground[:, 2] = 0
        foot = outline * [1, 1, 0]
        both = canvas.view.project(np.concatenate([ground, foot])).astype(np.float32)
        hull = cv2.convexHull(np.clip(both, -4000, 4000))
        cv2.fillConvexPoly(cast, np.asarray(hull * 16, np.int32), 255, cv2.LINE_AA, 4)
    edge = max(0.8, canvas.height_mm * light.softness * 0.4 / canvas.view.mm_per_px)
    soft = _wide_blur(cast, edge)
    return np.asarray(1 - soft * (1 - canvas.item.astype(np.float32) / 255), np.float32)


def _unhidden(canvas: Canvas) -> Field:
    """[side, side]: the sky's share; less on the bench close to the item."""
    near = max(1.5, min(canvas.height_mm, 60) * 0.5 / canvas.view.mm_per_px)
    around = _wide_blur(canvas.item, near)
    return np.asarray(1 - 0.55 * around * (1 - canvas.item.astype(np.float32) / 255), np.float32)


def _wide_blur(mask: NDArray[np.uint8], sigma_px: float) -> Field:
    """[side, side] 0 to 1; wide blurs are done on a quarter of the size."""
    by = 4 if sigma_px > 6 else 1
    side = mask.shape[0]
    small = cv2.resize(mask, (side // by, side // by), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small.astype(np.float32) / 255, (0, 0), sigma_px / by)
    return np.asarray(cv2.resize(soft, (side, side), interpolation=cv2.INTER_LINEAR), np.float32)


def _reflected(canvas: Canvas, light: Light, slope_x: Field, slope_y: Field) -> NDArray[np.float32]:
    """[side, side, 3]: what gloss adds."""
    at_x, at_y = _overhead_at(canvas, slope_x, slope_y)
    total = np.zeros((*at_x.shape, 3), np.float32)
    for gloss, sigma in ((canvas.mirror, 0.0), (canvas.satin, 9.0)):
        if not gloss.any():
            continue
        sky = cv2.GaussianBlur(light.overhead, (0, 0), sigma) if sigma else light.overhead
        seen = cv2.remap(sky, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        total += seen * (gloss.astype(np.float32) / (2 * 255))[..., None]
    return total


def _overhead_at(canvas: Canvas, slope_x: Field, slope_y: Field) -> tuple[Field, Field]:
    """Where in the overhead map each pixel's reflection is; each [side, side]."""
    view = canvas.view
    bounced = np.array([view.gaze - 2 * (view.gaze @ n) * n for n in canvas.normals], np.float32)
    spread = np.linspace(-0.36, 0.36, view.side_px, dtype=np.float32)
    x = bounced[:, 0][canvas.face] + spread[None, :] - 1.6 * slope_x
    y = bounced[:, 1][canvas.face] + spread[:, None] - 1.6 * slope_y
    scale = np.float32(0.47 * _ENV)
    return np.asarray(x * scale + _ENV / 2, np.float32), np.asarray(
        y * scale + _ENV / 2, np.float32
    )
