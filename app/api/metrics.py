"""Counters of this process's HTTP traffic.

They are of one process: where several share a port, a scrape meets any of them, so that rates are samples. What
matters for the service (lanes, backlog, breakers, audit lag) is read from the database and is the same everywhere.
"""

from prometheus_client import CollectorRegistry, Histogram

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class HttpMetrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
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
