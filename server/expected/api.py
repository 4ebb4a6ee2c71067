"""Expected returns for programs. Errors are JSON: {"detail": …}."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from models.vocabulary import Language
from server.complaints import Complained, Complaint, Fault
from server.errors import ContentInvalid
from server.expected import imports, service
from server.expected.rows import Row, json_row
from server.expected.tally import Tally
from server.gate import read_body
from server.parts import Here, Parts, Who
from server.sheets import MAX_MEGABYTES

router = APIRouter(prefix="/api/v1")
MAX_ONE_BYTES = 64_000


@router.get("/expected/{return_code:path}")
def get_one(return_code: str, here: Here) -> Response:
    """What was told last, and what came of it."""
    return JSONResponse(service.as_json(here, return_code))


@router.put("/expected/{return_code:path}")
async def put_one(return_code: str, request: Request, here: Here, who: Who) -> Response:
    """Announce one return: 201 new, 200 changed or said already."""
    body = await read_body(request, MAX_ONE_BYTES)
    return await run_in_threadpool(_keep_one, here, return_code, body, by=who.name)


def _keep_one(here: Parts, return_code: str, body: bytes, *, by: str) -> Response:
    row = json_row(1, body, here.policy.currency)
    faults = row.faults
    if row.told and row.told.return_code != return_code:
        code = Complained(Complaint.OTHER_CODE, column="return_code", got=row.told.return_code)
        faults = (code.fault,)
    if row.told is None or faults:
        raise ContentInvalid(" ".join(fault.told(Language.EN) for fault in faults))
    is_new, version = imports.keep_one(here, row.told, by=by)
    content = {"return_code": return_code, "version": version}
    return JSONResponse(content, 201 if is_new else 200)


@router.post("/expected")
async def post_many(request: Request, here: Here, who: Who, *, dry_run: bool = False) -> Response:
    """Announce many, as JSON lines or CSV; good rows are kept, bad ones are answered with reasons."""
    is_json = "json" in request.headers.get("content-type", "").lower()
    body = await read_body(request, MAX_MEGABYTES * 10**6)
    tally = await run_in_threadpool(
        imports.keep_at_once, here, body, is_json=is_json, by=who.name, dry=dry_run
    )
    return JSONResponse(_told(tally))


def _told(tally: Tally) -> dict[str, Any]:
    return {**tally.outcome()["counts"], "bad_rows": [_bad(row) for row in tally.bad]}


def _bad(row: Row) -> dict[str, Any]:
    return {
        "line": row.line,
        "cells": dict(row.cells),
        "reasons": [_reason(fault) for fault in row.faults],
    }


def _reason(fault: Fault) -> dict[str, Any]:
    return {
        "field": fault.column,
        "reason": fault.complaint.name.lower(),
        "detail": fault.told(Language.EN),
    }
