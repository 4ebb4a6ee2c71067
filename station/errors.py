"""What can go wrong at a bench on purpose.

SecondlookError
└── StationError
    ├── SettingsInvalid
    ├── EnrolmentFailed
    ├── ReplayInvalid
    ├── SupplyRefused
    ├── DiskNearlyFull
    ├── CameraFailed
    │   ├── CameraSilent
    │   ├── CameraGarbled
    │   └── DriverMissing
    ├── FrameSpoiled
    ├── ReferenceInvalid
    └── OutboxUnusable
        ├── OutboxBusy
        ├── PhotoLost
        └── AcknowledgementWrong
"""

from models.errors import SecondlookError


class StationError(SecondlookError):
    """The bench cannot go on with this."""


class SettingsInvalid(StationError):
    """A setting of the station has a value that it cannot use."""


class EnrolmentFailed(StationError):
    """The server did not give this station a token."""


class ReplayInvalid(StationError):
    """The folder of sample returns cannot be replayed."""


class SupplyRefused(StationError):
    """What the server supplies cannot be believed."""


class DiskNearlyFull(StationError):
    """The disk is nearly full, so nothing more is accepted."""


class CameraFailed(StationError):
    """The camera cannot be reached, or broke off."""


class CameraSilent(CameraFailed):
    """Nothing whole came from the camera in time."""


class CameraGarbled(CameraFailed):
    """What answers is no camera of the declared kind."""


class DriverMissing(CameraFailed):
    """The camera's driver is not installed."""


class FrameSpoiled(StationError):
    """One frame is no picture; the next one may be."""


class ReferenceInvalid(StationError):
    """A camera's reference view cannot be read or written."""


class OutboxUnusable(StationError):
    """The outbox on disk cannot be used."""


class OutboxBusy(OutboxUnusable):
    """Another station runs on this home."""


class PhotoLost(OutboxUnusable):
    """A photo that the outbox should hold is not there or has changed."""


class AcknowledgementWrong(OutboxUnusable):
    """The server acknowledged something else than what it was sent."""
