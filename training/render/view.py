"""Where the camera hangs: millimetres on and over the bench → pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""[n, 2] or [n, 3]."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class View:
    """A pinhole over the bench; x to the right, y to the viewer, z up, the bench at z = 0."""

    side_px: int
    """The picture is square."""
    matrix: NDArray[np.float64]
    """[3, 4]: homogeneous millimetres → homogeneous pixels."""
    eye_mm: NDArray[np.float64]
    """[3]: where the camera is."""
    gaze: NDArray[np.float64]
    """[3], unit: from the camera into the picture's middle."""
    mm_per_px: float
    """At the point that it looks at."""

    def project(self, points_mm: Points) -> Points:
        """[n, 3] millimetres → [n, 2] pixels."""
        whole = np.column_stack([points_mm, np.ones(len(points_mm))]) @ self.matrix.T
        return np.asarray(whole[:, :2] / whole[:, 2:], np.float64)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Plane:
    """A flat face in space, with its own two axes in millimetres."""

    origin: NDArray[np.float64]
    """[3]: where 0, 0 is."""
    u: NDArray[np.float64]
    """[3]: unit vector of the first axis."""
    v: NDArray[np.float64]
    """[3]: unit vector of the second axis."""

    @property
    def normal(self) -> NDArray[np.float64]:
        """[3], unit: out of the face, upwards for the bench itself."""
        return np.asarray(np.cross(self.u, self.v), np.float64)

    def at(self, points_mm: Points) -> Points:
        """[n, 2] on the face → [n, 3] in space."""
        return np.asarray(self.origin + points_mm[:, :1] * self.u + points_mm[:, 1:2] * self.v)

    def lifted(self, by_mm: float) -> "Plane":
        """The same face, moved out along its normal."""
        return Plane(origin=self.origin + self.normal * by_mm, u=self.u, v=self.v)

    def seen_from(self, view: View) -> bool:
        """Whether the camera looks at its front."""
        return bool(self.normal @ (view.eye_mm - self.origin) > 0)


def looking_at(
    target_mm: tuple[float, float, float],
    *,
    side_px: int,
    width_mm: float,
    pitch_deg: float,
    roll_deg: float = 0.0,
    distance: float = 1.8,
) -> View:
    """A view that is width_mm wide at the target; `distance` in such widths, pitch from straight down."""
    pitch, roll = np.radians(pitch_deg), np.radians(roll_deg)
    right, down = np.array([1.0, 0, 0]), np.array([0.0, np.cos(pitch), -np.sin(pitch)])
    forward = np.array([0.0, -np.sin(pitch), -np.cos(pitch)])
    c, s = np.cos(roll), np.sin(roll)
    axes = np.stack([c * right + s * down, c * down - s * right, forward])
    far = width_mm * distance
    eye = np.array(target_mm) - forward * far
    focal = side_px * distance
    inner = np.array([[focal, 0, side_px / 2], [0, focal, side_px / 2], [0, 0, 1.0]])
    matrix = inner @ np.column_stack([axes, -axes @ eye])
    near = width_mm / side_px
    return View(side_px=side_px, matrix=matrix, eye_mm=eye, gaze=forward, mm_per_px=near)


def lying(turn_deg: float, z_mm: float = 0.0, at_mm: tuple[float, float] = (0.0, 0.0)) -> Plane:
    """A face parallel to the bench, turned, its 0, 0 at at_mm."""
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    return Plane(origin=np.array([*at_mm, z_mm]), u=np.array([c, s, 0.0]), v=np.array([-s, c, 0.0]))


def rectangle(left: float, top: float, right: float, bottom: float) -> Points:
    """[4, 2] corners."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)


def rounded(left: float, top: float, right: float, bottom: float, radius: float) -> Points:
    """[n, 2]: a rectangle with round corners."""
    radius = min(radius, (right - left) / 2, (bottom - top) / 2)
    quarter = np.linspace(0, np.pi / 2, 8)
    corners = []
    middles = [(right - radius, bottom - radius, 0.0), (left + radius, bottom - radius, 0.5),
               (left + radius, top + radius, 1.0), (right - radius, top + radius, 1.5)]  # fmt: skip
    for x, y, turn in middles:
        angle = quarter + turn * np.pi
        corners.append(np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)]))
    return np.concatenate(corners)


def disc(x: float, y: float, radius: float) -> Points:
    """[24, 2]: a circle."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])
