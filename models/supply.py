"""What the server supplies to stations: what is expected to come back, and which files to work by."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, FiniteFloat, StringConstraints, model_validator

from models.record import Identifier, Record, Sha256
from models.vocabulary import Category


def _fits_an_address(code: str) -> str:
    """A code is part of its page's address, where `.` and `..` between slashes mean something else."""
    if any(part in {".", ".."} for part in code.split("/")):
        raise ValueError("should hold no . or .. between slashes")
    return code


def code_key(code: str) -> str:
    """A code without what people and carriers write differently: spaces, and a to z as capitals."""
    return "".join(c.upper() if c.isascii() else c for c in "".join(code.split()))[:200]


_NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_NO_CONTROLS),
]
"""A name or number on one line."""
ReturnCode = Annotated[Line, AfterValidator(_fits_an_address)]
Words = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=2000,
        pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$",
    ),
]
"""What somebody wrote, maybe on several lines."""
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
MAX_AMOUNT = 1e9
"""Far above any returned item; more is a slip of the keyboard."""


class ExpectedReturn(Record):
    """One item that a customer said would come back."""

    return_code: ReturnCode
    """What will be scanned: the return's own code."""
    category: Category
    """Which standard family applies."""
    order: Line | None = None
    """The order that it was sold with."""
    sku: Line | None = None
    """Which article it is."""
    serial: Line | None = None
    """The serial number that it was sold with."""
    reason: Words | None = None
    """Why it comes back, in the customer's words."""
    carrier: Line | None = None
    """Who brings it."""
    tracking: Line | None = None
    """The carrier's number for the parcel."""
    value: FiniteFloat | None = Field(default=None, ge=0, le=MAX_AMOUNT)
    """What it was sold for, in `currency`."""
    currency: Currency | None = None
    """ISO 4217 code of the value's currency; the policy's."""
    contact: Line | None = None
    """How to reach the customer; personal, kept apart and never sent to stations."""

    @model_validator(mode="after")
    def _value_has_a_currency(self) -> Self:
        if (self.value is None) != (self.currency is None):
            raise ValueError(
                f"currency should stand exactly where value does, got {self.currency!r}"
            )
        return self

    def without_contact(self) -> Self:
        """The same without what is personal."""
        return self.model_copy(update={"contact": None})


class SuppliedFile(Record):
    """One file to fetch; its bytes are asked for by their hash."""

    name: str = Field(pattern=r"^[\w@.+-]+$", max_length=128)
    """What it is called in its folder."""
    sha256: Sha256
    """Hash of its bytes."""
    size_bytes: int = Field(ge=0)
    """Length of it."""


class Supplied(Record):
    """One standard, policy or release, with its files."""

    identifier: Identifier
    """name@version."""
    files: tuple[SuppliedFile, ...] = Field(min_length=1)
    """All that it consists of."""


class Supply(Record):
    """What changed for a station since it last asked; the answer's header signs exactly these bytes."""

    station: Identifier
    """Whom it is for."""
    since: str
    """The cursor that was asked with; empty for everything."""
    cursor: str
    """What to ask with next."""
    more: bool
    """There is more than fits into one answer: ask again at once."""
    expected: tuple[ExpectedReturn, ...]
    """Expected returns that are new or changed, oldest change first, without contacts."""
    standards: tuple[Supplied, ...] | None = None
    """All that are in use; none where nothing changed among the files."""
    policies: tuple[Supplied, ...] | None = None
    """Likewise."""
    releases: tuple[Supplied, ...] | None = None
    """Likewise."""


SIGNATURE_HEADER = "x-secondlook-signature"
"""Ed25519 over the body, base64."""
KEY_HEADER = "x-secondlook-key"
"""The public key that it was signed with, base64 of 32 bytes: to be compared with the one from enrolment."""
