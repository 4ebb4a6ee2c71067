"""From an administrator's page to a station that may send: both programs as people run them."""

import os
import subprocess
import sys
from pathlib import Path

import httpx

from models.vocabulary import Role
from tests.unit.server.running import found, serving

COMMAND = Path(sys.executable).with_name("secondlook-station")


def test_a_code_from_the_page_lets_a_station_in_once(tmp_path: Path) -> None:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SECONDLOOK_")}
    with serving(tmp_path / "server") as server:
        admin = server.person("root", Role.ADMINISTRATOR)
        page = admin.post("/stations/code", {"station": "bench-5"}).text
        code = found(r"secondlook-station enrol (\S+) --server", page)
        several = [
            subprocess.run(
                [COMMAND, "enrol", code, "--server", server.url],
                env=clean | {"SECONDLOOK_HOME": str(tmp_path / home)},
                capture_output=True,
                text=True,
                check=False,
            )
            for home in ("one", "two")
        ]
        assert [told.returncode for told in several] == [0, 2], several
        assert "The server says: The code is wrong" in several[1].stderr
        token = (tmp_path / "one/station/token").read_text().strip()
        answer = httpx.put(
            f"{server.url}/api/v1/photos/{'0' * 64}",
            headers={"authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 415  # let in, and no photo
        assert "bench-5" in admin.get("/stations").text
