"""The page of stations, and the door through which they come."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from server.enrolment import service
from server.pages import see
from server.parts import Doer, Here, address_of

router = APIRouter()


class Enrolment(BaseModel):
    """What a station sends to come in."""

    model_config = ConfigDict(extra="ignore")

    code: str = Field(max_length=40)
    """As the administrator read it out; spaces, dashes and small letters do not matter."""
    station: str = Field(default="", max_length=128)
    """Its name; may be left out where the code is for one station."""


@router.get("/stations")
def listed(request: Request, here: Here, done: str = "") -> Response:
    """All stations, and the way to enrol one."""
    return here.pages.page(
        request,
        "enrolment/stations.html",
        stations=service.listing(here),
        now=here.clock(),
        done=done,
    )


@router.post("/stations/code")
def make_code(
    request: Request, here: Here, by: Doer, station: Annotated[str, Form()] = ""
) -> Response:
    """Make a one-time code, and show it once."""
    code = service.make_code(here, by, station)
    return here.pages.page(
        request,
        "shared/secret.html",
        status=201,
        kind="code",
        secret=code,
        about=station.strip(),
        back="/stations",
        base=str(request.base_url).rstrip("/"),
    )


@router.post("/stations/revoke")
def revoke(here: Here, by: Doer, station: Annotated[str, Form()]) -> Response:
    """End a station's token."""
    service.revoke(here, by, station)
    return see("/stations?done=revoked")


@router.post("/api/v1/enrol")
def enrol(request: Request, here: Here, asked: Enrolment) -> Response:
    """Give a token for a code, once."""
    name, token = service.use_code(here, asked.code, asked.station, address_of(request))
    keys = {"signing_key": here.signer.public_key, "sealing_key": here.sealer.public_key}
    return JSONResponse({"station": name, "token": token, **keys}, status_code=201)
