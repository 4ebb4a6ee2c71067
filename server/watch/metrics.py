"""What is counted while the server runs, in one process or several, and how Prometheus gets it."""

import os
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    start_http_server,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector

from server.parts import Parts
from server.watch.numbers import Numbers

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The library's own variable: where several processes keep what they count."""
LATENCY_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LOOPBACK = "127.0.0.1"


class Metrics:
    """Counts requests; gives everything as text."""

    def __init__(self, parts: Parts, version: str) -> None:
        """Begin at nothing, in a registry of its own."""
        self.registry = CollectorRegistry()
        shared = os.environ.get(SHARED)
        # What several processes count is read from their files, not from this one's memory.
        mine = CollectorRegistry() if shared else self.registry
        self._requests = Counter(
            "secondlook_requests",
            "Requests that were answered.",
            ["route", "status"],
            registry=mine,
        )
        self._seconds = Histogram(
            "secondlook_request_seconds",
            "Time from a request's head to the end of its answer.",
            ["route"],
            buckets=LATENCY_S,
            registry=mine,
        )
        self._received = Counter(
            "secondlook_received_bytes", "Bytes of bodies that came in.", ["route"], registry=mine
        )
        if shared:
            MultiProcessCollector(self.registry, shared)  # type: ignore[no-untyped-call]
        self.registry.register(Numbers(parts, version))

    def observe(self, route: str, status: int, seconds: float, received_bytes: int) -> None:
        """Count one request by its route as the permission table names it: never by its address."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        if received_bytes:
            self._received.labels(route).inc(received_bytes)

    def text(self) -> bytes:
        """Everything, in Prometheus's text format."""
        return generate_latest(self.registry)

    def listen(self, port: int) -> None:
        """Serve them without a sign-in, to this machine only."""
        start_http_server(port, addr=LOOPBACK, registry=self.registry)


def share(folder: Path) -> None:
    """From now on this process counts in that folder, together with others. Before any is built."""
    os.environ[SHARED] = str(folder)
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
