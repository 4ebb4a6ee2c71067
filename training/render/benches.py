"""What the item lies on: mats, boards, steel, a belt, plain tables, with the dirt of a working day."""

from collections.abc import Callable

import cv2
import numpy as np

from training.render.canvas import Canvas, Paint, stroke, tinted
from training.render.clutter import strew
from training.render.fields import clouds, field
from training.render.noise import Field, Picture
from training.render.view import Plane, lying

TEXTURE = "texture"
"""The name of a bench that a picture was given for."""
# What a picture of a surface shows, side by side; they don't say.
_TEXTURE_MM = 700.0


def lay_bench(
    rng: np.random.Generator,
    canvas: Canvas,
    name: str | None = None,
    texture: Picture | None = None,
) -> str:
    """Cover the canvas with a bench, any of BENCHES where none is named or pictured. Its name."""
    chosen = TEXTURE if texture is not None else name or str(rng.choice(list(BENCHES)))
    if texture is not None:
        _textured(rng, canvas, texture)
    else:
        BENCHES[chosen](rng, canvas)
    if rng.random() < 0.5:
        _dirt(rng, canvas)
    strew(rng, canvas)
    return chosen


def _textured(rng: np.random.Generator, canvas: Canvas, texture: Picture) -> None:
    """A surface from a picture, mirrored at its edges, turned, at about its size."""
    side = canvas.view.side_px
    per_px = _TEXTURE_MM / max(texture.shape[:2])
    scale = max(0.3, canvas.view.mm_per_px / per_px * float(rng.uniform(0.6, 1.4)))
    angle = float(rng.choice([0, 90, 180, 270]) + rng.normal(0, 5))
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), angle, scale)
    matrix = matrix + np.outer(rng.uniform(0, texture.shape[0], 2), [0, 0, 1])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    soft = cv2.GaussianBlur(texture, (0, 0), 0.4 * scale) if scale > 1.2 else texture
    size = (side, side)
    canvas.albedo[:] = cv2.warpAffine(soft, matrix, size, flags=how, borderMode=cv2.BORDER_REFLECT)
    canvas.satin[:] = int(rng.integers(0, 30))
    canvas.relief += np.asarray(0.1 * field(rng, side, side, 2.0), np.float32)


def _toned(canvas: Canvas, bgr: tuple[float, float, float], change: Field) -> None:
    """The bench in one colour, lighter and darker by `change` (around 0)."""
    canvas.albedo[:] = tinted(change, bgr)


def _jitter(rng: np.random.Generator, bgr: tuple[int, int, int]) -> tuple[float, float, float]:
    tone = rng.uniform(0.85, 1.12)
    b, g, r = (float(c * tone * rng.uniform(0.96, 1.04)) for c in bgr)
    return b, g, r


def _one_of(
    rng: np.random.Generator, colours: tuple[tuple[int, int, int], ...]
) -> tuple[float, float, float]:
    return _jitter(rng, colours[int(rng.integers(len(colours)))])


def _mat(rng: np.random.Generator, canvas: Canvas) -> None:
    """A cutting mat with a printed grid."""
    side = canvas.view.side_px
    bgr = _one_of(
        rng, ((206, 210, 208), (110, 120, 60), (70, 66, 62), (160, 120, 70), (176, 190, 182))
    )
    _toned(canvas, bgr, 0.02 * field(rng, side, side, 1.5) + 0.03 * clouds(rng, side, side, 200))
    plane, pitch = lying(float(rng.normal(0, 6))), float(rng.choice([10.0, 12.7, 25.4, 50.0]))
    reach = canvas.view.mm_per_px * side * 1.6
    pitch *= max(1.0, round(reach / pitch / 70))
    line = Paint(bgr=tuple(c * rng.choice([0.8, 1.2]) for c in bgr))
    for at in np.arange(-reach, reach, pitch):
        for ends in ([(at, -reach), (at, reach)], [(-reach, at), (reach, at)]):
            stroke(canvas, plane, np.array(ends), 0.3, line)
    canvas.satin[:] = int(rng.integers(0, 14))


def _wood(rng: np.random.Generator, canvas: Canvas) -> None:
    """Boards or veneer, its grain along one direction."""
    side = canvas.view.side_px
    bgr = _one_of(
        rng, ((128, 165, 196), (104, 142, 176), (150, 176, 196), (70, 96, 130), (52, 70, 98))
    )
    fibre = cv2.resize(field(rng, side, max(8, side // 24), 2.0), (side, side))
    wave = cv2.resize(clouds(rng, side, max(16, side // 5), 40), (side, side))
    y = np.arange(side, dtype=np.float32)[:, None]
    rings = np.sin(y / np.float32(rng.uniform(7, 22)) + 9 * wave)
    change = 0.05 * fibre + rng.uniform(0.02, 0.06) * rings + 0.06 * wave
    if rng.random() < 0.5:
        change = np.ascontiguousarray(change.T)
    _toned(canvas, bgr, np.asarray(change, np.float32))
    canvas.satin[:] = int(rng.integers(4, 40))
    canvas.relief += (fibre * np.float32(0.12)).astype(np.float32)


def _steel(rng: np.random.Generator, canvas: Canvas) -> None:
    """Brushed steel: streaks that smear every lamp."""
    side = canvas.view.side_px
    brush = cv2.resize(field(rng, side, max(8, side // 40), 1.4), (side, side))
    brushed = np.float32(rng.uniform(0.08, 0.3))
    _toned(canvas, _one_of(rng, ((122, 122, 120), (98, 98, 98))), 0.15 * brushed * brush)
    canvas.satin[:] = np.clip(
        110 + 70 * brushed * brush + 14 * clouds(rng, side, side, 120), 0, 255
    )
    canvas.relief += (brushed * brush + 1.5 * clouds(rng, side, side, 300, 2)).astype(np.float32)


def _belt(rng: np.random.Generator, canvas: Canvas) -> None:
    """A black or green conveyor belt with its weave of dimples."""
    side = canvas.view.side_px
    pitch = max(3.0, rng.uniform(2.5, 5.0) / canvas.view.mm_per_px)
    axis = np.arange(side, dtype=np.float32)
    dimples = np.sin(axis * np.float32(2 * np.pi / pitch))[:, None] * np.sin(
        axis * np.float32(2 * np.pi / pitch)
    )
    worn = 0.16 * clouds(rng, side, side, 150) + 0.06 * field(rng, side, side, 1.5)
    _toned(canvas, _one_of(rng, ((46, 45, 44), (60, 58, 55), (70, 84, 52))), worn + 0.08 * dimples)
    canvas.relief += np.float32(min(0.5, pitch * 0.04)) * dimples
    canvas.satin[:] = int(rng.integers(8, 40))


def _table(rng: np.random.Generator, canvas: Canvas) -> None:
    """A laminate table: white, grey, beige or black, faintly grained."""
    side = canvas.view.side_px
    bgr = _one_of(
        rng, ((226, 228, 228), (186, 188, 186), (168, 190, 205), (44, 44, 46), (205, 200, 190))
    )
    _toned(
        canvas, bgr, 0.012 * field(rng, side, side, 1.5) + 0.03 * clouds(rng, side, side, 260, 2)
    )
    canvas.satin[:] = int(rng.integers(4, 60))
    canvas.relief += 0.05 * field(rng, side, side, 3.0)


def _paper(rng: np.random.Generator, canvas: Canvas) -> None:
    """Packing paper or cloth over the table: matt, softly creased."""
    side = canvas.view.side_px
    bgr = _one_of(rng, ((146, 178, 204), (228, 230, 232), (120, 110, 100), (60, 60, 66)))
    _toned(canvas, bgr, 0.035 * field(rng, side, side, 1.5) + 0.03 * field(rng, side, side, 9))
    canvas.relief += 3.0 * clouds(rng, side, side, side / 4, 2)


BENCHES: dict[str, Callable[[np.random.Generator, Canvas], None]] = {
    "mat": _mat, "wood": _wood, "steel": _steel, "belt": _belt, "table": _table, "paper": _paper,
}  # fmt: skip


def _dirt(rng: np.random.Generator, canvas: Canvas) -> None:
    """Crumbs, scraps of tape and rings of cups on the bench: nothing that concerns the item."""
    side = canvas.view.side_px
    at = rng.integers(0, side, (int(rng.integers(5, 60)), 2))
    tone = float(rng.uniform(20, 235))
    for x, y in at:
        size = int(rng.integers(1, 3))
        cv2.circle(canvas.albedo, (int(x), int(y)), size, (tone, tone, tone), -1, cv2.LINE_AA)
    if rng.random() < 0.35:
        _marked(rng, canvas, lying(float(rng.uniform(0, 360))))


def _marked(rng: np.random.Generator, canvas: Canvas, plane: Plane) -> None:
    """A pen line or a worn streak across the bench."""
    reach = canvas.view.mm_per_px * canvas.view.side_px
    start, along = rng.uniform(-0.6, 0.6, 2) * reach, rng.uniform(-0.3, 0.3, 2) * reach
    t = np.linspace(0, 1, 8)[:, None]
    course = start + t * along + np.sin(t * 3) * rng.uniform(-0.05, 0.05, 2) * reach
    tone = float(rng.choice([40, 90, 200]))
    stroke(canvas, plane, course, float(rng.uniform(0.3, 1.5)), Paint(bgr=(tone, tone, tone)))
