"""A handful of reviewers in one process, over real HTTP, until told to end or killed: python -m tests.soak.reviewers.

Reads one JSON object from standard input: where the server is, who the reviewers are, where the
witness's file is. Each thing seen is one line in that file, written at once: it outlives a kill.
"""

import http.client
import json
import os
import random
import sys
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode
from uuid import uuid4

GRADES = "ABBBBBBBCC"
AGAIN_S = 0.05
IDLE_S = 0.2


@dataclass
class Reviewer:
    """One person: takes what is served, answers it, now and then asks for a second opinion or dawdles."""

    name: str
    headers: dict[str, str]
    ports: list[int]
    witness: int
    lease_s: float
    dice: random.Random = field(default_factory=random.Random)
    line: http.client.HTTPConnection | None = None

    def note(self, **facts: object) -> None:
        os.write(self.witness, (json.dumps({"who": self.name, **facts}) + "\n").encode())

    def post(self, path: str, body: str = "") -> tuple[int, str, float, float]:
        """Until some server answers: status, address of the next page, when it was sent and answered."""
        while True:
            try:
                if self.line is None:
                    port = self.dice.choice(self.ports)
                    self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                sent = time.time()
                self.line.request("POST", path, body, self.headers)
                answer = self.line.getresponse()
                answer.read()
                if answer.status < 500:
                    return answer.status, answer.headers.get("location", ""), sent, time.time()
            except (OSError, http.client.HTTPException):
                pass
            self.line = None
            time.sleep(AGAIN_S)

    def work(self) -> None:
        place = ""
        while True:
            case = place.partition("?")[0].removeprefix("/review").strip("/")
            place = self.answer(case) if case else self.ask()

    def ask(self) -> str:
        _, place, sent, got = self.post("/queue/next")
        return self.served(place, sent, got) or self.rest()

    def rest(self) -> str:
        time.sleep(IDLE_S)
        return ""

    def served(self, place: str, sent: float, got: float) -> str:
        case = place.partition("?")[0].removeprefix("/review").strip("/")
        if case:
            self.note(event="served", case=case, sent=sent, got=got)
        return place if case else ""

    def answer(self, case: str) -> str:
        what = self.dice.random()
        if what < 0.002:  # somebody who was called away
            time.sleep(self.lease_s * 1.3)
        elif what < 0.02:
            self.post("/queue/ahead")
        elif what < 0.04:
            self.post(f"/review/{case}/lease")
        opinion = str(uuid4())
        said = {
            "opinion_id": opinion,
            "grade": self.dice.choice(GRADES),
            "disposition": "repair",
            "action": "second" if self.dice.random() < 0.02 else "decided",
            "seconds": "7.5",
        }
        self.note(event="answers", case=case, at=time.time())
        status, place, sent, got = self.post(f"/review/{case}", urlencode(said))
        if status != 303:
            self.note(event="refused", case=case, status=status)
            return ""
        self.note(event="kept", case=case, opinion=opinion)
        return self.served(place, sent, got)


def main() -> None:
    told = json.load(sys.stdin)
    witness = os.open(told["witness"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    people = [
        Reviewer(
            name=one["name"],
            headers=one["headers"],
            ports=told["ports"],
            witness=witness,
            lease_s=told["lease_s"],
        )
        for one in told["people"]
    ]
    for one in people:
        threading.Thread(target=one.work, daemon=True).start()
    while os.getppid() == told["parent"]:  # whoever outlives the soak would work for ever
        time.sleep(0.5)


if __name__ == "__main__":
    main()
