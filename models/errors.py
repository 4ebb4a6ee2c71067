"""Everything that can go wrong on purpose.

    SecondlookError
    ├── RecordInvalid
    ├── PhotoUnreadable
    │   ├── PhotoMissing
    │   └── PhotoTooLarge
    ├── ReleaseRefused
    ├── SealInvalid
    ├── PolicyInvalid
    └── StandardInvalid
        └── CategoryUnknown

The other packages hang their own trees under SecondlookError.
"""


class SecondlookError(Exception):
    """Something went wrong that Secondlook can explain."""

    def __init__(self, message: str | None = None) -> None:
        """Take the docstring of the class as the message where none is given."""
        super().__init__(message or (type(self).__doc__ or "").strip())


class RecordInvalid(SecondlookError):
    """A record does not say what its kind must say."""


class PhotoUnreadable(SecondlookError):
    """The photo cannot be decoded."""


class PhotoMissing(PhotoUnreadable):
    """There is no such photo."""


class PhotoTooLarge(PhotoUnreadable):
    """The photo has more pixels than may be decoded."""


class ReleaseRefused(SecondlookError):
    """The release does not match its card."""


class SealInvalid(SecondlookError):
    """The sealed original cannot be opened, or is none."""


class PolicyInvalid(SecondlookError):
    """The policy's file is not a valid policy."""


class StandardInvalid(SecondlookError):
    """The standard's file is not a valid standard."""


class CategoryUnknown(StandardInvalid):
    """There is no standard for that category."""
