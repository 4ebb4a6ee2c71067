"""The numbers that the database and the disk hold, as Prometheus reads them."""

import shutil
import threading
import time
from collections.abc import Iterator
from datetime import datetime

import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Connection

from models.errors import SecondlookError
from server.parts import Parts
from server.watch import queries

KEPT_S = 5.0
"""Scrapes closer together than this see the same: two watchers cost what one does."""

log = structlog.get_logger(__name__)


class Numbers(Collector):
    """Asks database and disk when somebody scrapes."""

    def __init__(self, parts: Parts, version: str) -> None:
        """Ask nothing yet."""
        self._parts = parts
        self._version = version
        self._lock = threading.Lock()
        self._last: tuple[float, list[Metric]] | None = None

    def describe(self) -> list[Metric]:
        """Nothing: to describe itself it would have to ask."""
        return []

    def collect(self) -> list[Metric]:
        """All of them, or only `secondlook_database_up 0`."""
        with self._lock:
            if self._last is None or time.monotonic() - self._last[0] > KEPT_S:
                found = [self._info(), *self._disk(), *self._database()]
                self._last = time.monotonic(), found
            return self._last[1]

    def _info(self) -> Metric:
        info = GaugeMetricFamily("secondlook_info", "This version.", labels=["version"])
        info.add_metric([self._version], 1)
        return info

    def _database(self) -> list[Metric]:
        now = self._parts.clock()
        try:
            with self._parts.database.reading() as connection:
                found = list(_asked(connection, now))
        except SecondlookError as error:
            log.warning("numbers cannot be read", error=str(error))
            return [_one("secondlook_database_up", "The database answers.", 0)]
        return [_one("secondlook_database_up", "The database answers.", 1), *found]

    def _disk(self) -> Iterator[Metric]:
        usage = shutil.disk_usage(self._parts.settings.folder)
        free = _one("secondlook_disk_free_bytes", "Free disk where photos arrive.", usage.free)
        yield free
        yield _one("secondlook_disk_total_bytes", "Size of that disk.", usage.total)
        reserve = self._parts.settings.disk_reserve_mb * 10**6
        yield _one("secondlook_disk_reserve_bytes", "Below this nothing is accepted.", reserve)


def _one(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=value)


def _asked(connection: Connection, now: datetime) -> Iterator[Metric]:
    yield from _queue(connection, now)
    yield from _people(connection, now)
    yield from _intake(connection)
    yield _jobs(connection, now)
    size = queries.database_bytes(connection)
    yield _one("secondlook_database_bytes", "Disk that the database takes.", size)


def _queue(connection: Connection, now: datetime) -> Iterator[Metric]:
    waiting = GaugeMetricFamily(
        "secondlook_cases_open", "Cases that wait for people.", labels=["kind"]
    )
    oldest = GaugeMetricFamily(
        "secondlook_oldest_case_age_seconds", "Age of the oldest open case.", labels=["kind"]
    )
    for row in queries.open_cases(connection):
        waiting.add_metric([row.kind], row.number)
        oldest.add_metric([row.kind], (now - row.oldest).total_seconds())
    yield waiting
    yield oldest
    held = queries.leases(connection, now)
    yield _one("secondlook_leases_held", "Cases that a reviewer holds now.", held)


def _people(connection: Connection, now: datetime) -> Iterator[Metric]:
    failed = queries.failed_sign_ins(connection, now)
    yield _one("secondlook_failed_sign_ins", "Failed attempts within five minutes.", failed)
    signed_in = queries.open_sessions(connection, now)
    yield _one("secondlook_sessions_open", "Sessions that have not ended.", signed_in)


def _intake(connection: Connection) -> Iterator[Metric]:
    newest = queries.newest_arrival(connection)
    if newest is not None:
        told = "When the newest inspection arrived."
        yield _one("secondlook_newest_inspection_timestamp_seconds", told, newest.timestamp())
    seen = GaugeMetricFamily(
        "secondlook_station_seen_timestamp_seconds",
        "When a station last asked for anything.",
        labels=["station"],
    )
    for row in queries.stations_seen(connection):
        if row.seen_at is not None:
            seen.add_metric([row.name], row.seen_at.timestamp())
    yield seen


def _jobs(connection: Connection, now: datetime) -> Metric:
    jobs = GaugeMetricFamily(
        "secondlook_jobs", "Jobs begun within a day.", labels=["kind", "state"]
    )
    for row in queries.job_states(connection, now):
        jobs.add_metric([row.kind, row.state], row.number)
    return jobs
