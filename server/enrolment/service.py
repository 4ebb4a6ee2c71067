"""How a station gets its token, and loses it."""

from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from models.record import Identifier
from models.vocabulary import AccessChange
from server import access, patience
from server.access import By
from server.database import Database
from server.enrolment import queries
from server.enrolment.queries import Code, Station
from server.errors import AccountInvalid, CodeInvalid, Conflict, ContentInvalid, NothingThere
from server.parts import Parts
from server.security import code_hmac, new_code, new_token, plain_code, token_sha256

VALID = timedelta(minutes=15)
"""From the office to the bench, and once around for the glasses."""
MAX_CODES = 20
"""Open at once: each one more makes guessing easier."""


def enrol(database: Database, station: str, now: datetime) -> tuple[str, bool]:
    """Give a station a token, the old one ends; gives the token and whether the station is new.

    Raises AccountInvalid.
    """
    by = By(actor=access.COMMAND_LINE, address="", now=now)
    if not _is_name(station):
        raise AccountInvalid(
            f"A name should be 1 to 128 letters, digits or any of . : @ / + - _, got {station[:80]!r}."
        )
    with database.writing() as connection:
        return _enrol(connection, by, station)


def _enrol(connection: Connection, by: By, station: str) -> tuple[str, bool]:
    token = new_token()
    is_new = queries.put_station(connection, station, token_sha256(token), by.now)
    detail = "" if is_new else "again"
    access.note(connection, by, AccessChange.STATION_ENROLLED, station, detail)
    return token, is_new


def listing(here: Parts) -> list[Station]:
    """All stations."""
    with here.database.reading() as connection:
        return queries.listing(connection)


def make_code(here: Parts, by: By, station: str) -> str:
    """Make a one-time code, for that station or for any; gives it in two groups of four.

    Raises ContentInvalid, Conflict.
    """
    station = station.strip()
    if station and not _is_name(station):
        raise ContentInvalid(
            "A name should be 1 to 128 letters, digits or any of . : @ / + - _ without spaces."
        )
    code = new_code()
    with here.database.writing() as connection:
        if queries.count_codes(connection, by.now) >= MAX_CODES:
            raise Conflict("Twenty codes are waiting to be used; use one or wait 15 minutes.")
        queries.put_code(
            connection,
            code_hmac=code_hmac(here.settings.secret(), code),
            station=station or None,
            by=by.actor,
            now=by.now,
            until=by.now + VALID,
        )
        access.note(connection, by, AccessChange.CODE_MADE, station or "*")
    return f"{code[:4]}-{code[4:]}"


def use_code(here: Parts, code: str, station: str, address: str) -> tuple[str, str]:
    """Give the station its name and token; the older token of that name ends.

    Raises TooManyAttempts before the code is even looked at, CodeInvalid, ContentInvalid.
    """
    if station and not _is_name(station):
        raise ContentInvalid(
            "A name should be 1 to 128 letters, digits or any of . : @ / + - _ without spaces."
        )
    now = here.clock()
    with here.database.writing() as connection:
        attempt = patience.begin(connection, patience.CODES, address, now)
    with here.database.writing() as connection:
        code_found = queries.use_code(
            connection, code_hmac(here.settings.secret(), plain_code(code)), now
        )
        if code_found is None:
            raise CodeInvalid
        name = _name_for(code_found, station)
        patience.forgive(connection, attempt)
        by = By(actor=code_found.made_by, address=address, now=now)
        token, _ = _enrol(connection, by, name)
    return name, token


def _name_for(code: Code, said: str) -> str:
    """What is raised here leaves the code as it was: nothing is committed."""
    if code.station and said and said != code.station:
        raise ContentInvalid("The code is for another station; leave the name out, or ask again.")
    if not (code.station or said):
        raise ContentInvalid("The code is for any station, so the station should say its name.")
    return code.station or said


def revoke(here: Parts, by: By, station: str) -> None:
    """Its token opens nothing any more. Raises NothingThere."""
    with here.database.writing() as connection:
        if not queries.revoke(connection, station, by.now):
            raise NothingThere
        access.note(connection, by, AccessChange.STATION_REVOKED, station)


def _is_name(station: str) -> bool:
    try:
        TypeAdapter(Identifier).validate_python(station)
    except ValidationError:
        return False
    return True
