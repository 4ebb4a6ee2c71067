"""The archive's pages: state, scrub, orphans, retention, holds, sealed originals."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, Response

from models.errors import SealInvalid
from server import custody
from server.custody import HoldEvent
from server.errors import PhotoDamaged
from server.inventory import PhotoKind
from server.keeping import service
from server.pages import see
from server.parts import Here, Who
from server.progress import JobKind

router = APIRouter()
SEALED_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; sandbox",
    "content-disposition": "inline",
}
Text = Annotated[str, Form()]


@router.get("/archive")
def state(request: Request, here: Here) -> Response:
    """How full, how whole, how fast it grows."""
    return here.pages.page(request, "keeping/archive.html", view=service.overview(here))


@router.post("/archive/scrub")
def start_scrub(here: Here, who: Who) -> Response:
    """Read every photo again, in the background."""
    pace = {"mb_per_s": here.settings.scrub_mb_per_s}
    here.jobs.start(JobKind.SCRUB, by=who.name, arguments=pace)
    return see("/archive")


@router.post("/archive/orphans")
def look_for_orphans(here: Here, who: Who) -> Response:
    """The first step: look, and remove nothing."""
    here.jobs.start(JobKind.ORPHANS, by=who.name)
    return see("/archive")


@router.post("/archive/orphans/remove")
def remove_orphans(here: Here, who: Who) -> Response:
    """The second step."""
    service.remove_orphans(here, who.name)
    return see("/archive")


@router.get("/archive/retention")
def retention(request: Request, here: Here) -> Response:
    """The rules, what they would do, and what they did."""
    return here.pages.page(
        request,
        "keeping/retention.html",
        view=service.retention(here),
        kinds=tuple(PhotoKind),
    )


@router.post("/archive/retention/rules")
async def edit_rules(request: Request, here: Here, who: Who) -> Response:
    """A new version of the rules."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    service.edit_rules(
        here,
        {kind: form.get(f"days-{kind}", "") for kind in PhotoKind},
        daily=form.get("daily") == "yes",
        reason=form.get("reason", ""),
        by=who.name,
    )
    return see("/archive/retention")


@router.post("/archive/retention/look")
def look(here: Here, who: Who) -> Response:
    """The first step: count, and delete nothing."""
    here.jobs.start(JobKind.RETENTION, by=who.name)
    return see("/archive/retention")


@router.post("/archive/retention/delete")
def delete(here: Here, who: Who) -> Response:
    """The second step."""
    service.delete_by_rules(here, who.name)
    return see("/archive/retention")


@router.get("/archive/holds")
def holds(request: Request, here: Here) -> Response:
    """All returns that are held, and who set or lifted what."""
    with here.database.reading() as connection:
        in_force = custody.holds_in_force(connection)
        history = custody.hold_history(connection, service.SHOWN)
    asked = request.query_params.get("return", "")[:200]
    return here.pages.page(
        request, "keeping/holds.html", holds=in_force, history=history, asked=asked
    )


@router.post("/archive/holds")
def set_hold(here: Here, who: Who, return_code: Text = "", reason: Text = "") -> Response:
    """Nothing of this return is deleted from now on."""
    service.tell_hold(here, return_code, HoldEvent.SET, reason=reason, by=who.name)
    return see("/archive/holds")


@router.post("/archive/holds/lift")
def lift_hold(here: Here, who: Who, return_code: Text = "", reason: Text = "") -> Response:
    """The rules count again."""
    service.tell_hold(here, return_code, HoldEvent.LIFTED, reason=reason, by=who.name)
    return see("/archive/holds")


@router.post("/sealed/{sha256}")
def open_sealed(sha256: str, here: Here, who: Who, reason: Text = "") -> Response:
    """A sealed original, for whoever may and says why; never kept by the browser."""
    try:
        original = service.open_sealed(here, sha256, reason=reason, by=who.name)
    except SealInvalid as error:
        raise PhotoDamaged(str(error)) from error
    return Response(original.content, headers=SEALED_HEADERS, media_type=original.media_type)


@router.get("/api/v1/photos/wanted")
def wanted(here: Here, who: Who) -> Response:
    """What this station should send again, if it still has it."""
    return JSONResponse({"wanted": service.wanted(here, who.name)})


@router.get("/api/v1/sealing-key")
def sealing_key(here: Here) -> Response:
    """What originals are sealed for from now on."""
    key = {"key_id": here.sealer.newest, "public_key": here.sealer.public_key}
    return JSONResponse(key)
