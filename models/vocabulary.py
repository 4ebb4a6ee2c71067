"""The words of the house. A member's value is what stands on the wire, in files and in labels."""

from enum import StrEnum


class Defect(StrEnum):
    """What can be wrong with the look of a returned item."""

    STAIN = "stain"
    SCRATCH = "scratch"
    TORN_PACKAGING = "torn_packaging"
    MISSING_LABEL = "missing_label"


class Part(StrEnum):
    """What a model may look for because it should be there; its absence is what counts."""

    LABEL = "label"
    BARCODE = "barcode"
    QR = "qr"
    PACKAGE = "package"


class Cue(StrEnum):
    """What on a photo speaks for an expected part's being there."""

    ITSELF = "itself"
    BARCODE = "barcode"
    QR = "qr"
    LINEAR_CODE = "linear_code"
    MATRIX_CODE = "matrix_code"
    CODE_PATTERN = "code_pattern"


class Category(StrEnum):
    """A family of items that is judged by one written standard."""

    APPAREL = "apparel"
    ELECTRONICS = "electronics"
    PARCEL = "parcel"


class Shot(StrEnum):
    """A view of the item that a standard may ask for."""

    FRONT = "front"
    BACK = "back"
    LABEL = "label"
    SCREEN = "screen"
    SERIAL = "serial"
    OUTSIDE = "outside"
    SHIPPING_LABEL = "shipping_label"
    DETAIL = "detail"


class Fault(StrEnum):
    """Why the quality gate refuses a photo."""

    UNREADABLE = "unreadable"
    TOO_SMALL = "too_small"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    BLURRED = "blurred"
    EMPTY = "empty"
    GLARE = "glare"
    MOVED = "moved"
    WRONG_VIEW = "wrong_view"


class Dimension(StrEnum):
    """A side of the item that gets its own score, 0 to 100."""

    APPEARANCE = "appearance"
    FUNCTION = "function"
    COMPLETENESS = "completeness"
    PACKAGING = "packaging"
    HYGIENE = "hygiene"
    IDENTITY = "identity"


class Grade(StrEnum):
    """The item's condition, best first."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"


class Disposition(StrEnum):
    """What happens to the item next."""

    RESELL = "resell"
    REPAIR = "repair"
    DONATE = "donate"
    SCRAP = "scrap"


class Destination(StrEnum):
    """Who decides next."""

    AUTOMATIC = "automatic"
    REVIEW = "review"


class Reason(StrEnum):
    """Why an inspection goes to a person."""

    NOT_SEEN = "not_seen"
    NOT_ASSESSABLE = "not_assessable"
    UNANSWERED = "unanswered"
    HARD_GATE = "hard_gate"
    INSISTED = "insisted"
    CLOSE_CALL = "close_call"
    NO_CERTIFICATE = "no_certificate"
    SCRAP_NEEDS_GROUND = "scrap_needs_ground"


class CaseKind(StrEnum):
    """Why a person is asked about an inspection."""

    REVIEW = "review"
    AUDIT = "audit"
    SECOND = "second"
    DISPUTE = "dispute"


class Drift(StrEnum):
    """What an alarm says has changed since a certificate was proved."""

    RISKS = "risks"
    PHOTO_QUALITY = "photo_quality"
    OVERRIDES = "overrides"
    LIVE_ERROR = "live_error"


class Action(StrEnum):
    """What a person did with a case."""

    DECIDED = "decided"
    RETAKE = "retake"
    SECOND = "second"


class Correction(StrEnum):
    """Why a person changed what the machine said; their order is that of the keys 1 to 9."""

    NOT_REAL = "not_real"
    MISSED = "missed"
    SIZE = "size"
    OTHER_KIND = "other_kind"
    ANSWER = "answer"
    PHOTO = "photo"
    CLEANABLE = "cleanable"
    RULE = "rule"
    OTHER = "other"


class Verdict(StrEnum):
    """What a person says of one finding."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class Role(StrEnum):
    """What an account may do; the permission table is written in these."""

    OPERATOR = "operator"
    REVIEWER = "reviewer"
    QA_LEAD = "qa_lead"
    ML_ENGINEER = "ml_engineer"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    STATION = "station"


class Scope(StrEnum):
    """What an API token opens, of what its account may do; the permission table says which route needs which."""

    RETURNS_READ = "returns:read"
    RETURNS_WRITE = "returns:write"
    REFERENCES_READ = "references:read"
    REFERENCES_WRITE = "references:write"
    ARCHIVE_READ = "archive:read"
    ARCHIVE_WRITE = "archive:write"
    ROUTING_READ = "routing:read"
    ROUTING_WRITE = "routing:write"
    REVIEW_READ = "review:read"
    ACCOUNTS_READ = "accounts:read"
    OPERATIONS_READ = "operations:read"


class AccessChange(StrEnum):
    """What can change about who comes in; each stands in the access log."""

    ACCOUNT_MADE = "account_made"
    ACCOUNT_CLOSED = "account_closed"
    ACCOUNT_OPENED = "account_opened"
    ROLE_CHANGED = "role_changed"
    PASSWORD_SET = "password_set"  # noqa: S105 - a word, not a password
    LINK_MADE = "link_made"
    SESSIONS_ENDED = "sessions_ended"
    TOKEN_MADE = "token_made"  # noqa: S105 - likewise
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - likewise
    IDENTITY_LINKED = "identity_linked"
    CODE_MADE = "code_made"
    STATION_ENROLLED = "station_enrolled"
    STATION_REVOKED = "station_revoked"


class Language(StrEnum):
    """A language that every page and every standard speaks."""

    EN = "en"
    ZH = "zh"
