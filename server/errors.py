"""Everything that the server refuses or misses on purpose.

    SecondlookError
    └── ServerError
        ├── SettingsInvalid
        ├── DatabaseUnusable
        ├── AccountInvalid
        ├── BackupUnusable
        ├── JobStopped
        └── Refused
            ├── NotSignedIn         401
            ├── NotAllowed          403
            │   ├── CodeInvalid     403
            │   ├── BlindUntilAnswered 403
            │   ├── CaseNotForYou   403
            │   ├── FormExpired     403
            │   ├── IdentityRefused 403
            │   │   └── AccountClosed 403
            │   └── ScopeMissing    403
            ├── NothingThere        404
            ├── MethodUnknown       405
            ├── TooSlow             408
            ├── Conflict            409
            │   ├── CertificateRefused 409
            │   ├── ContentDiffers  409
            │   ├── CaseLost        409
            │   └── JobRuns         409
            ├── LinkInvalid         410
            ├── UploadTooSlow       408
            ├── PhotoDeleted        410
            ├── BodyTooLarge        413
            ├── MediaTypeRefused    415
            ├── ContentInvalid      422
            │   └── HashDiffers     422
            ├── PhotosMissing       424
            ├── TooManyAttempts     429
            │   └── AttemptsTooClose 429
            ├── HeadTooLarge        431
            ├── PhotoDamaged        500
            ├── ProviderSilent      502
            ├── DatabaseBusy        503
            ├── StorageUnavailable  503
            │   └── RemovedMeanwhile 503
            └── DiskFull            507

A refusal is answered over HTTP with the status beside it.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from models.errors import SecondlookError


class ServerError(SecondlookError):
    """The server cannot do this."""


class SettingsInvalid(ServerError):
    """A setting has a value that the server cannot work with."""


class DatabaseUnusable(ServerError):
    """The database cannot be opened or brought to this version."""


class BackupUnusable(ServerError):
    """The backup cannot be taken, or is damaged, incomplete, or would overwrite something."""


class AccountInvalid(ServerError):
    """An account or station cannot be made like this."""


class JobStopped(ServerError):
    """The job was stopped before its end; it can be started again."""


class Refused(ServerError):
    """The request cannot be answered as asked."""

    status: ClassVar[int] = 400

    @property
    def headers(self) -> Mapping[str, str]:
        """HTTP headers that belong to the refusal."""
        return {}

    @property
    def facts(self) -> Mapping[str, object]:
        """What programs read beside the detail."""
        return {}


class NotSignedIn(Refused):
    """Sign in first, or send the station's token."""

    status = 401

    @property
    def headers(self) -> Mapping[str, str]:
        """Which kind of credential a program should send."""
        return {"WWW-Authenticate": "Bearer"}


class NotAllowed(Refused):
    """Your role may not do this; ask an administrator for another role."""

    status = 403


class CaseNotForYou(NotAllowed):
    """Somebody else is meant to answer this case: a lead, or a person who has not answered about the item yet."""


class BlindUntilAnswered(NotAllowed):
    """You are to answer about this item without knowing what others said; open its file afterwards."""


class FormExpired(NotAllowed):
    """The page was too old to be sent. Go back, load it again and repeat."""


class CodeInvalid(NotAllowed):
    """The code is wrong, was used already or is older than 15 minutes; ask an administrator for a new one."""


class IdentityRefused(NotAllowed):
    """The company's sign-in did not let you in; try again, or ask an administrator."""


class AccountClosed(IdentityRefused):
    """Your account is closed until an administrator opens it."""


class ScopeMissing(NotAllowed):
    """The API token does not open this; make one with the scope that it needs."""

    def __init__(self, scope: str | None) -> None:
        """Name the scope; without one, no API token opens it."""
        super().__init__()
        self.scope = scope

    @property
    def facts(self) -> Mapping[str, object]:
        """The scope, under `scope`; null where only people in a session may."""
        return {"scope": self.scope}


class NothingThere(Refused):
    """There is nothing at this address."""

    status = 404


class MethodUnknown(Refused):
    """Nothing here can be used like that."""

    status = 405


class LinkInvalid(Refused):
    """The link was used already, or it is too old; ask an administrator for a new one."""

    status = 410


class TooSlow(Refused):
    """What was sent came too slowly; nothing was kept. Send it again over a better connection."""

    status = 408

    @property
    def headers(self) -> Mapping[str, str]:
        """The rest would only be waited for."""
        return {"Connection": "close"}


class HeadTooLarge(Refused):
    """The request's headers are larger than any that is needed here."""

    status = 431


class Conflict(Refused):
    """Something else came first."""

    status = 409


class CertificateRefused(Conflict):
    """The labelled cases do not prove this promise; the page says how many more it takes."""


class ContentDiffers(Conflict):
    """Another content is already kept under this name."""


class CaseLost(Conflict):
    """You no longer hold this case; nothing was saved here, your draft is kept in this browser."""


class JobRuns(Conflict):
    """Work of this kind is already running; wait for its end, or cancel it."""


class UploadTooSlow(Refused):
    """The bytes came too slowly, or not at all; send the photo again."""

    status = 408


class PhotoDeleted(Refused):
    """The photo was deleted under a rule of retention; its record stays."""

    status = 410


class BodyTooLarge(Refused):
    """What was sent is larger than the server accepts."""

    status = 413


class MediaTypeRefused(Refused):
    """Photos are accepted as image/jpeg, image/png or image/webp."""

    status = 415


class ContentInvalid(Refused):
    """What was sent does not say what it must say."""

    status = 422


class HashDiffers(ContentInvalid):
    """The body's SHA-256 is not the one in the address; send the photo again."""


class PhotosMissing(Refused):
    """Send these photos first, then the inspection again."""

    status = 424

    def __init__(self, sha256s: Sequence[str]) -> None:
        """Name the hashes that are not kept yet."""
        super().__init__()
        self.sha256s = tuple(sha256s)

    @property
    def facts(self) -> Mapping[str, object]:
        """The hashes, under `missing`."""
        return {"missing": list(self.sha256s)}


class TooManyAttempts(Refused):
    """Too many failed attempts; wait a few minutes and try again."""

    status = 429

    @property
    def headers(self) -> Mapping[str, str]:
        """When trying again makes sense, in seconds."""
        return {"Retry-After": "300"}


class AttemptsTooClose(TooManyAttempts):
    """Too many failed attempts for this name; wait ten seconds and try again."""

    pause_s: ClassVar[int] = 10

    @property
    def headers(self) -> Mapping[str, str]:
        """When trying again makes sense, in seconds."""
        return {"Retry-After": str(self.pause_s)}


class PhotoDamaged(Refused):
    """A kept photo no longer matches its hash; restore the file from a backup."""

    status = 500


class DatabaseBusy(Refused):
    """The database does not answer in time; nothing was kept. Try again in a moment."""

    status = 503

    @property
    def headers(self) -> Mapping[str, str]:
        """When trying again makes sense, in seconds."""
        return {"Retry-After": "2"}


class StorageUnavailable(Refused):
    """The photo storage does not answer; nothing was kept. The station will repeat."""

    status = 503

    @property
    def headers(self) -> Mapping[str, str]:
        """When trying again makes sense, in seconds."""
        return {"Retry-After": "30"}


class RemovedMeanwhile(StorageUnavailable):
    """The photo was being removed while it came again; send it once more."""

    @property
    def headers(self) -> Mapping[str, str]:
        """At once."""
        return {"Retry-After": "1"}


class ProviderSilent(Refused):
    """The company's sign-in does not answer; try again in a while, or sign in with a password."""

    status = 502


class DiskFull(Refused):
    """The server's disk is nearly full; nothing was kept. Free some space, the station will repeat."""

    status = 507

    def __init__(
        self,
        message: str | None = None,
        *,
        free_bytes: int | None = None,
        needed_bytes: int | None = None,
    ) -> None:
        """Say how much there is, and how much it would take, where that is known."""
        super().__init__(message)
        self.free_bytes = free_bytes
        self.needed_bytes = needed_bytes

    @property
    def headers(self) -> Mapping[str, str]:
        """When trying again makes sense, in seconds."""
        return {"Retry-After": "60"}

    @property
    def facts(self) -> Mapping[str, object]:
        """`free_bytes` and `needed_bytes`, the reserve and what is arriving included."""
        known = {"free_bytes": self.free_bytes, "needed_bytes": self.needed_bytes}
        return {name: value for name, value in known.items() if value is not None}
