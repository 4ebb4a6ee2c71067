"""How a station gets its token: a code that somebody reads out, once, for a token that nobody sees."""

import json
import os
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, HttpUrl, TypeAdapter, ValidationError

from models.record import Identifier
from station.errors import EnrolmentFailed, SettingsInvalid
from station.files import make_folder, sync, sync_folder
from station.settings import ENROLLED, KEYS, PREFIX, Settings, checked_token, load
from station.wire import HttpSend, Reply, Silence

PATH = "/api/v1/enrol"
"""The server's public keys by their use, in the station's folder."""
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Enrolled(BaseModel):
    """What the server answers; keys that this version does not know are left to later ones."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    station: Identifier
    """The name that the server knows this station by."""
    token: str
    """What it shows with each request."""
    signing_key: str | None = None
    """What is fetched from the server is signed with; base64 of an Ed25519 key's 32 bytes."""
    sealing_key: str | None = None
    """Originals are sealed for; base64 of an X25519 key's 32 bytes."""


def enrol(settings: Settings, code: str, server: str, name: str) -> str:
    """Exchange the code, keep the token and the server's address; gives what to tell the operator.

    Raises EnrolmentFailed, SettingsInvalid.
    """
    if settings.token is not None:
        raise SettingsInvalid(f"{PREFIX}TOKEN is set and would count; take it away first.")
    url = _checked_url(server)
    place = settings.token_place
    draft = _draft(place)  # before the code is used up: a disk that is full must not cost it
    try:
        enrolled = _ask(url, code, name, settings.timeout_s)
        _put(draft, place, checked_token(enrolled.token, "The server's answer") + "\n")
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _keep_server(settings.folder, enrolled, url)
    return _told(enrolled.station, url, place)


def _checked_url(server: str) -> str:
    try:
        return str(TypeAdapter(HttpUrl).validate_python(server)).rstrip("/")
    except ValidationError as error:
        raise EnrolmentFailed(
            f"--server should be an address like https://returns.example.org, got {server[:80]!r}"
        ) from error


def _ask(url: str, code: str, name: str, timeout_s: float) -> Enrolled:
    send = HttpSend(url, None, timeout_s=timeout_s)
    body = json.dumps({"code": code, "station": name}).encode()
    try:
        reply = send("POST", PATH, body, "application/json")
    except Silence as error:
        raise EnrolmentFailed(
            f"{url} does not answer: {error}. Try again; where the code was used meanwhile, ask for a new one."
        ) from error
    finally:
        send.close()
    return _understand(url, reply)


def _understand(url: str, reply: Reply) -> Enrolled:
    if 300 <= reply.status < 400:
        raise EnrolmentFailed(f"{url} sends elsewhere; give the address that it leads to.")
    try:
        said = json.loads(reply.body)
        if reply.status == 201:
            return Enrolled.model_validate(said)
        detail = str(said["detail"])[:300]
    except (ValueError, KeyError, TypeError) as error:
        raise EnrolmentFailed(
            f"{url} answers {reply.status} with something else; is it Secondlook's server, of this version?"
        ) from error
    raise EnrolmentFailed(f"The server says: {detail}")


def _draft(place: Path) -> Path:
    """A file beside the place that only its owner reads, with room for a token."""
    try:
        make_folder(place.parent)
        handle, draft = tempfile.mkstemp(dir=place.parent, prefix=".token")  # mode 0600 by design
        with os.fdopen(handle, "wb") as file:
            file.write(b" " * 256)
            file.flush()
            sync(file.fileno())
    except OSError as error:
        raise EnrolmentFailed(
            f"{place} cannot be written: {error.strerror}. The code is still good."
        ) from error
    return Path(draft)


def _put(draft: Path, place: Path, text: str) -> None:
    """Write in the draft's room and give it its name, durably."""
    try:
        with draft.open("r+b") as file:
            file.write(text.encode())
            file.truncate()
            file.flush()
            sync(file.fileno())
        draft.replace(place)
        sync_folder(place.parent)
    except OSError as error:
        raise EnrolmentFailed(
            f"{place} cannot be written: {error.strerror}; ask for a new code."
        ) from error


def _keep_server(folder: Path, enrolled: Enrolled, url: str) -> None:
    keys, place = folder / KEYS, folder / ENROLLED
    told = enrolled.model_dump(include={"signing_key", "sealing_key"}, exclude_none=True)
    _put(_draft(keys), keys, json.dumps(told, indent=1) + "\n")
    # JSON's strings are TOML's, for what names and addresses can hold.
    name = json.dumps(enrolled.station, ensure_ascii=False)
    _put(_draft(place), place, f"name = {name}\nserver_url = {json.dumps(url)}\n")


def _told(name: str, url: str, place: Path) -> str:
    lines = [f"Station {name} is enrolled at {url}; its token lies in {place}."]
    at = urlsplit(url)
    if at.scheme == "http" and at.hostname not in _LOOPBACK:
        lines.append("Note: without HTTPS, whoever is on the way can read the token.")
    now = load()
    if str(now.server_url).rstrip("/") != url:
        lines.append(f"Note: a setting names another server, {now.server_url}, and counts.")
    if now.name != name:
        lines.append(f"Note: a setting names this station {now.name}, and counts.")
    lines.append("Start it, or start it again: secondlook-station run")
    return "\n".join(lines)
