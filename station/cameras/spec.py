"""One camera as the station's settings declare it: a `[[cameras]]` table of the TOML file."""

import re
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from models.vocabulary import Shot

# Twice what today's bench cameras give; more is a slip of the finger (models/vision/decode.py).
_MAX_PIXELS = 100_000_000
_SIZE = re.compile(r"([1-9]\d{1,4})\s*[x×]\s*([1-9]\d{1,4})")


class Kind(StrEnum):
    """How frames come from a camera."""

    USB = "usb"
    MJPEG = "mjpeg"
    RTSP = "rtsp"
    GENICAM = "genicam"
    FOLDER = "folder"
    VIDEO = "video"


_SCHEMES = {Kind.MJPEG: ("http", "https"), Kind.RTSP: ("rtsp", "rtsps", "http", "https")}


class CameraSpec(BaseModel):
    """Which camera it is, what it takes, and how it is set."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str = Field(pattern=r"^[\w-]{1,40}$")
    """What the screen, the photos' records and the metrics call it."""
    kind: Kind
    """How frames come: usb, mjpeg, rtsp, genicam, folder or video."""
    address: str = Field(min_length=1, repr=False)
    """Device, URL, producer and serial number, folder or file; may hold a password."""
    shots: tuple[Shot, ...] = ()
    """The shots that it takes; without any it is only watched."""
    size: tuple[int, int] | None = None
    """Width and height in pixels as the camera gives them, "4000x3000"; none for what it gives first."""
    rotation: int = 0
    """Degrees clockwise by which the picture is to be turned: 0, 90, 180 or 270."""
    exposure_ms: float | None = Field(default=None, gt=0, le=60_000)
    """Exposure time in milliseconds; none leaves it to the camera."""
    gain: float | None = Field(default=None, ge=0)
    """Gain in the camera's own unit; none leaves it to the camera."""
    white_balance_k: float | None = Field(default=None, ge=1000, le=20_000)
    """White balance in kelvin; none leaves it to the camera."""
    focus: float | None = Field(default=None, ge=0)
    """Position of the lens in the camera's own unit; none leaves it to the camera."""
    stall_s: float = Field(default=3.0, ge=0.1, le=60)
    """After so many seconds without a good frame it counts as out of order and is opened again."""
    frozen_s: float = Field(default=10.0, ge=0, le=3600)
    """After so many seconds of exactly the same picture it counts as frozen; 0 never."""
    delay_s: float = Field(default=0.3, ge=0, le=10)
    """How old a frame may be when it arrives, in seconds: a photo is a frame that came at least so much later."""

    @field_validator("size", mode="before")
    @classmethod
    def _width_by_height(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        match = _SIZE.fullmatch(value.strip())
        if not match:
            raise ValueError("size should be width x height in pixels, such as 4000x3000")
        return int(match[1]), int(match[2])

    @field_validator("size")
    @classmethod
    def _not_too_large(cls, value: tuple[int, int] | None) -> tuple[int, int] | None:
        if value and not 1 <= value[0] * value[1] <= _MAX_PIXELS:
            raise ValueError(f"size should be at most {_MAX_PIXELS:,} pixels")
        return value

    @field_validator("rotation")
    @classmethod
    def _quarter_turns(cls, value: int) -> int:
        if value not in {0, 90, 180, 270}:
            raise ValueError("rotation should be 0, 90, 180 or 270")
        return value

    @model_validator(mode="after")
    def _address_fits_the_kind(self) -> "CameraSpec":
        wanted = _SCHEMES.get(self.kind)
        if wanted and urlsplit(self.address).scheme not in wanted:
            # The address itself stays out of the message: it may hold a password.
            raise ValueError(f"address of kind {self.kind} should begin with {wanted[0]}://")
        if self.kind is Kind.GENICAM and ".cti" not in self.address:
            raise ValueError(
                "address of kind genicam should be the producer's .cti file, then # and the serial number"
            )
        return self

    @property
    def place(self) -> str:
        """The address without what only its camera should know."""
        if self.kind not in _SCHEMES:
            return self.address
        parts = urlsplit(self.address)
        host = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{host}{parts.path}"

    @property
    def path(self) -> Path:
        """The address as a file's or folder's place."""
        return Path(self.address).expanduser()


def check_together(specs: Sequence[CameraSpec]) -> None:
    """Names differ, and each shot has one camera. Raises ValueError, naming what does not."""
    names = Counter(spec.name for spec in specs)
    shots = Counter(shot for spec in specs for shot in spec.shots)
    for what, counted in (("camera named", names), ("camera for the shot", shots)):
        for one, times in counted.items():
            if times > 1:
                raise ValueError(f"there should be one {what} {one}, got {times}")
