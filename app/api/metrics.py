"""Prometheus metrics: of this process's HTTP traffic, and of the hub as the database knows it.

The HTTP histogram is of one process: where several share a port, a scrape meets any of them, and rates are samples.
Lanes, agencies and the audit log are read from the database and are the same whichever process is asked. No label
holds anything of a case or a person.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from app.api.dependencies import HubDep
from app.api.tags import Tag
from app.audit.sequencer import lag
from app.audit.witness_policy import standing, witnesses
from app.models.outbox import BreakerState, LaneState
from app.outbox.stats import LaneStats, lane_stats

router = APIRouter(tags=[Tag.SYSTEM])

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_WINDOW = timedelta(minutes=1)
_KEPT_SECONDS = 5
"""A scrape reads the queue; whoever asks more often gets the last one again."""

_SENT = text("""
    SELECT agencies.code, count(*) FROM messages JOIN agencies ON agencies.id = messages.agency_id
     WHERE messages.id >= :since AND direction = 'out' GROUP BY agencies.code
""")
_ANSWERED = text("""
    SELECT agencies.code, count(*),
           percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
               ORDER BY extract(epoch FROM answers.received_at - agency_requests.created_at)::float8
           )
      FROM answers JOIN agency_requests ON agency_requests.id = answers.request_id
      JOIN agencies ON agencies.id = agency_requests.agency_id
     WHERE answers.id >= :since GROUP BY agencies.code
""")


class HttpMetrics:
    """The histogram of one process, and the memory of the last scrape."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.scraping = asyncio.Lock()
        self.scraped: tuple[float, bytes] = (-_KEPT_SECONDS, b"")
        self._seconds = Histogram(
            "liandong_http_request_seconds",
            "Time from the request's head to the answer's end, by route template, in this process",
            ["method", "route", "status"],
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """`route` is the template, never the path: ids would make a series each."""
        self._seconds.labels(method, route, str(status)).observe(seconds)


class _Snapshot(Collector):
    """Metrics that were read a moment ago."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = tuple(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


@router.get("/metrics", summary="指标 · Metrics", response_class=PlainTextResponse)
async def metrics(request: Request, hub: HubDep) -> Response:
    """For Prometheus. Without a token, so keep it from the outside at the proxy. 供 Prometheus 抓取，勿对外开放。"""
    http: HttpMetrics = request.app.state.metrics
    async with http.scraping:
        read_at, body = http.scraped
        if monotonic() - read_at >= _KEPT_SECONDS:
            async with hub.engine.connect() as connection:
                found = await _read(connection, hub.clock.now())
            registry = CollectorRegistry()
            registry.register(_Snapshot(found))
            body = generate_latest(registry)
            http.scraped = (monotonic(), body)
    return Response(generate_latest(http.registry) + body, media_type=CONTENT_TYPE_LATEST)


async def _read(connection: AsyncConnection, now: datetime) -> list[Metric]:
    behind = await lag(connection)
    age = (now - behind.oldest_recorded_at).total_seconds() if behind.oldest_recorded_at else 0.0
    return [
        *_of_lanes(await lane_stats(connection, now)),
        *await _of_agencies(connection, now),
        GaugeMetricFamily("liandong_audit_waiting", "Entries without a place in the log", behind.waiting),
        GaugeMetricFamily("liandong_audit_lag_seconds", "Age of the oldest of them", max(age, 0.0)),
        GaugeMetricFamily("liandong_audit_sequenced", "Entries in the signed log", behind.sequenced),
        *await _of_witnesses(connection, now),
    ]


async def _of_witnesses(connection: AsyncConnection, now: datetime) -> list[Metric]:
    """Nothing where none is configured. An alarm belongs on `liandong_audit_witnessed == 0`."""
    found = await standing(connection)
    if found is None:
        return []
    age = GaugeMetricFamily(
        "liandong_audit_witness_age_seconds", "Since the witness cosigned last", labels=["witness"]
    )
    failing = GaugeMetricFamily(
        "liandong_audit_witness_failing", "1 when the last asking came to nothing", labels=["witness"]
    )
    for witness in await witnesses(connection):
        since = witness.cosigned_at or found.adopted_at
        age.add_metric([witness.name], max((now - since).total_seconds(), 0.0))
        failing.add_metric([witness.name], witness.failure is not None)
    enough = GaugeMetricFamily(
        "liandong_audit_witnessed", "0 when new coercive orders are refused", found.is_witnessed(now)
    )
    return [age, failing, enough]


def _of_lanes(lanes: list[LaneStats]) -> list[Metric]:
    items = GaugeMetricFamily("liandong_lane_items", "Items by lane and state", labels=["lane", "state"])
    backlog = GaugeMetricFamily(
        "liandong_lane_backlog_seconds", "Age of the oldest item that waits", labels=["lane"]
    )
    breaker = GaugeMetricFamily(
        "liandong_lane_breaker", "1 for the state that the breaker is in", labels=["lane", "state"]
    )
    running = GaugeMetricFamily("liandong_lane_running", "0 when paused or stopped", labels=["lane"])
    for lane in lanes:
        for state in ("ready", "delayed", "behind", "leased", "dead"):
            items.add_metric([lane.key, state], getattr(lane, state))
        backlog.add_metric([lane.key], lane.backlog_age.total_seconds() if lane.backlog_age else 0)
        for breaker_state in BreakerState:
            breaker.add_metric([lane.key, breaker_state], lane.breaker is breaker_state)
        running.add_metric([lane.key], lane.state is LaneState.RUNNING)
    return [items, backlog, breaker, running]


async def _of_agencies(connection: AsyncConnection, now: datetime) -> list[Metric]:
    """Of the last minute, found by the time that is in every id: no other index is needed."""
    since = {"since": _earliest_id(now - _WINDOW)}
    sent = GaugeMetricFamily(
        "liandong_agency_sent_last_minute", "Requests sent for the first time", labels=["agency"]
    )
    answered = GaugeMetricFamily("liandong_agency_answers_last_minute", "Answers received", labels=["agency"])
    latency = GaugeMetricFamily(
        "liandong_agency_answer_seconds",
        "From the order to the answer, of the answers of the last minute",
        labels=["agency", "quantile"],
    )
    for code, count in await connection.execute(_SENT, since):
        sent.add_metric([code], count)
    for code, count, (median, high) in await connection.execute(_ANSWERED, since):
        answered.add_metric([code], count)
        latency.add_metric([code, "0.5"], median)
        latency.add_metric([code, "0.95"], high)
    return [sent, answered, latency]


def _earliest_id(at: datetime) -> UUID:
    """The smallest UUIDv7 of that millisecond."""
    return UUID(int=int(at.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62)
