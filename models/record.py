"""What every record can do, and the values that records are made of."""

import hashlib
import json
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StringConstraints, ValidationError

from models.errors import RecordInvalid

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Identifier = Annotated[
    str, StringConstraints(min_length=1, max_length=128, pattern=r"^[\w.:@/+-]+$")
]
Code = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(max_length=2000)]
Probability = Annotated[FiniteFloat, Field(ge=0, le=1)]
Score = Annotated[FiniteFloat, Field(ge=0, le=100)]
Pixels = Annotated[FiniteFloat, Field(ge=0)]
XyXy = tuple[Pixels, Pixels, Pixels, Pixels]


class Record(BaseModel):
    """What every record can do: go to JSON, come back, and name itself by its content."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read one record. Raises RecordInvalid, naming each field, what it expects and what came."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise RecordInvalid(f"{cls.__name__}: {_expected_and_actual(error)}") from error

    def to_json(self) -> str:
        """Canonical JSON: keys sorted, no spaces, UTF-8 text; going to JSON and back keeps the text."""
        content = self.model_dump(mode="json")
        return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def content_sha256(self) -> str:
        """Hex SHA-256 of the canonical JSON in UTF-8."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def _expected_and_actual(error: ValidationError) -> str:
    def told(fault: object, where: str, expected: str) -> str:
        return f"{where}: {expected}, got {str(fault)[:80]!r}"

    return "; ".join(
        told(e["input"], ".".join(map(str, e["loc"])) or "record", e["msg"])
        for e in error.errors(include_url=False)
    )
