"""Light on a scene: shading, shadows, reflections, and what the sensor keeps of it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from training.render.canvas import Canvas, Mask
from training.render.lamps import HORIZON, OVERHEAD_PX, Light
from training.render.noise import Field, Picture

Radiance = NDArray[np.float32]
"""[side, side, 3] BGR: light that reaches the camera, linear; 1 is white paper under full light."""
# A pixel's square root is its brightness on screen: close to sRGB's curve, and far faster.
_LINEAR = ((np.arange(256) / 255) ** 2).astype(np.float32)


def radiance(canvas: Canvas, light: Light) -> Radiance:
    """The canvas under this light."""
    slope_x, slope_y = _slopes(canvas.relief)
    lit = _irradiance(canvas, light, slope_x, slope_y)
    tint = 1 + (light.bgr - 1) * np.float32(light.key / (light.key + light.ambient))
    linear = np.asarray(cv2.LUT(canvas.albedo, _LINEAR[None, :, None] * tint), np.float32)
    cv2.multiply(linear, _thrice(lit), linear)
    if canvas.mirror.any() or canvas.satin.any():
        _reflect(canvas, light, slope_x, slope_y, linear)
    if canvas.glow.any():
        cv2.add(linear, np.asarray(cv2.LUT(canvas.glow, _LINEAR), np.float32), linear)
    return linear


def _thrice(field: Field) -> NDArray[np.float32]:
    """[side, side, 3]: the same in each channel; numpy's own broadcasting is far slower."""
    return np.asarray(cv2.merge([field, field, field]), np.float32)


def exposure(linear: Radiance) -> float:
    """The gain that a camera's meter would choose: nothing large blown out or drowned; glare may burn."""
    bright = float(np.percentile(linear[::8, ::8], 96))
    return 0.82 / bright if bright > 0.82 else max(1.0, min(2.2, 0.3 / max(bright, 0.01)))


def developed(linear: Radiance, gain: float) -> Picture:
    """[side, side, 3] BGR: what the sensor keeps of the light that reached it."""
    root = cv2.sqrt(np.maximum(linear, 0))
    return np.asarray(cv2.convertScaleAbs(root, alpha=255 * np.sqrt(gain)), np.uint8)


def _slopes(relief: Field) -> tuple[Field, Field]:
    soft = cv2.GaussianBlur(relief, (0, 0), 0.7)
    return (
        np.asarray(cv2.Sobel(soft, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8), np.float32),
        np.asarray(cv2.Sobel(soft, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8), np.float32),
    )


def _of_faces(canvas: Canvas, values: list[float]) -> Field:
    """[side, side]: one value for each of the canvas's faces."""
    table = np.zeros(256, np.float32)
    table[: len(values)] = values
    return np.asarray(cv2.LUT(canvas.face, table), np.float32)


def _irradiance(canvas: Canvas, light: Light, slope_x: Field, slope_y: Field) -> Field:
    """[side, side]: how much light falls on each pixel."""
    x, y, z = (float(v) for v in light.towards)
    bent = _of_faces(canvas, [max(0.0, float(n @ light.towards)) for n in canvas.normals])
    steep = 1.2 - 0.4 * z
    bent -= slope_x * np.float32(x * steep) + slope_y * np.float32(y * steep)
    np.clip(bent, 0, 1.6, out=bent)
    bench = 1 - canvas.item * np.float32(1 / 255)
    direct = cv2.GaussianBlur(bent * (1 - _shadow(canvas, light) * bench), (0, 0), 0.6)
    if light.screened is not None:
        size = canvas.albedo.shape[1], canvas.albedo.shape[0]
        direct = direct * cv2.resize(light.screened, size, interpolation=cv2.INTER_LINEAR)
    sky = _of_faces(canvas, [0.62 + 0.38 * float(n[2]) for n in canvas.normals])
    soft = cv2.GaussianBlur(sky, (0, 0), 0.6) * (1 - _hidden(canvas) * bench)
    total = np.float32(light.key) * direct + np.float32(light.ambient) * soft
    return np.asarray(total * _gradient(canvas, light), np.float32)


def _gradient(canvas: Canvas, light: Light) -> Field:
    """[side, side]: brighter to the lamp's side."""
    axis = np.linspace(-1, 1, canvas.view.side_px, dtype=np.float32)
    x, y, _ = light.towards / max(1e-6, float(np.hypot(*light.towards[:2])))
    ramp = np.float32(0.5 * x) * axis[None, :] + np.float32(0.5 * y) * axis[:, None]
    return np.asarray(1.0 + np.float32(light.falloff * 0.55) * ramp, np.float32)


def _shadow(canvas: Canvas, light: Light) -> Field:
    """[side, side]: 1 where the item takes all of the lamp's light from the bench."""
    side = canvas.view.side_px
    cast = np.zeros((side, side), np.uint8)
    slide = light.towards[:2] / max(0.25, light.towards[2])
    for outline in canvas.outlines:
        ground = outline * [1, 1, 0]
        ground[:, :2] -= outline[:, 2:] * slide
        both = canvas.view.project(np.concatenate([ground, outline * [1, 1, 0]]))
        inside = np.clip(both, -4000, 4000).astype(np.float32)
        for shape in _swept(inside, convex=canvas.height_mm > 10):
            cv2.fillPoly(cast, [np.asarray(shape * 16, np.int32)], 255, cv2.LINE_8, 4)
    edge = max(0.8, canvas.height_mm * light.softness * 0.4 / canvas.view.mm_per_px)
    return _wide_blur(cast, edge)


def _swept(both: NDArray[np.float32], *, convex: bool) -> list[NDArray[np.float32]]:
    """What a shadow's far end and its near end (one after the other, [2n, 2]) cover together."""
    if convex:
        return [np.asarray(cv2.convexHull(both)[:, 0], np.float32)]
    far, near = np.split(both, 2)
    return [near + (far - near) * share for share in (0.0, 0.33, 0.67, 1.0)]


def _hidden(canvas: Canvas) -> Field:
    """[side, side]: the share of the sky that the item hides from the bench around it."""
    near = max(1.5, min(canvas.height_mm, 60) * 0.5 / canvas.view.mm_per_px)
    return _wide_blur(canvas.item, near) * np.float32(0.55)


def _wide_blur(mask: Mask, sigma_px: float) -> Field:
    """[side, side] 0 to 1; wide blurs are done on a quarter of the size."""
    side = mask.shape[0]
    if sigma_px <= 6:
        return np.asarray(cv2.GaussianBlur(mask, (0, 0), sigma_px) * np.float32(1 / 255))
    small = cv2.resize(mask, (side // 4, side // 4), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small * np.float32(1 / 255), (0, 0), sigma_px / 4)
    return np.asarray(cv2.resize(soft, (side, side), interpolation=cv2.INTER_LINEAR), np.float32)


def _reflect(
    canvas: Canvas, light: Light, slope_x: Field, slope_y: Field, linear: Radiance
) -> None:
    """Add what gloss shows of the room, in place."""
    at_x, at_y = _overhead_at(canvas, slope_x, slope_y)
    for gloss, sigma in ((canvas.mirror, 0.0), (canvas.satin, 9.0)):
        if gloss.any():
            sky = cv2.GaussianBlur(light.overhead, (0, 0), sigma) if sigma else light.overhead
            seen = cv2.remap(sky, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            cv2.multiply(seen, _thrice(gloss * np.float32(0.5 / 255)), seen)
            cv2.add(linear, seen, linear)


def _overhead_at(canvas: Canvas, slope_x: Field, slope_y: Field) -> tuple[Field, Field]:
    """Where in the overhead map each pixel's reflection is; each [side, side]."""
    view, scale = canvas.view, HORIZON * OVERHEAD_PX
    bounced = [view.gaze - 2 * (view.gaze @ n) * n for n in canvas.normals]
    spread = np.linspace(-0.36 * scale, 0.36 * scale, view.side_px, dtype=np.float32)
    tilt = np.float32(1.6 * scale)
    at_x = _of_faces(canvas, [float(b[0]) * scale + OVERHEAD_PX / 2 for b in bounced])
    at_y = _of_faces(canvas, [float(b[1]) * scale + OVERHEAD_PX / 2 for b in bounced])
    at_x += spread[None, :] - tilt * slope_x
    at_y += spread[:, None] - tilt * slope_y
    return at_x, at_y
