"""The hub's HTTP side, put together. `uvicorn --factory app.main:create_served_app` runs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from app.api import (
    agencies,
    asset_queries,
    assets,
    audit,
    batches,
    cases,
    certificates,
    claims,
    clients,
    connection_tests,
    conversions,
    courts,
    docs,
    documents,
    events,
    freezes,
    health,
    hindsight,
    ladders,
    locating,
    locating_coercion,
    locating_hits,
    locating_liaison,
    measures,
    metrics,
    oauth,
    objections,
    openapi,
    operations,
    parties,
    plans,
    problems,
    receipts,
    tasks,
    transparency,
    webhook_endpoints,
)
from app.api.agency import answers as agency_answers
from app.api.agency import documents as agency_documents
from app.api.agency import receipts as agency_receipts
from app.api.edge import Edge
from app.api.hub import open_hub
from app.api.idempotency import AlreadyAnswered, on_already_answered
from app.clock import Clock, SystemClock
from app.crypto import SealExpired
from app.errors import Refusal
from app.logs import configure_logging
from app.memory import settle_memory
from app.settings import Settings

# Searched in this order for every request: what is asked most often comes first.
_ROUTERS = (
    asset_queries.router,
    locating.router,
    locating.entries,
    locating_hits.router,
    locating_hits.custodies,
    locating_hits.watched,
    locating_coercion.detentions,
    locating_coercion.referrals,
    locating_liaison.people,
    locating_liaison.tasks,
    agency_answers.router,
    oauth.router,
    cases.router,
    parties.router,
    documents.router,
    batches.router,
    assets.router,
    measures.freeze_orders,
    measures.router,
    freezes.of_case,
    freezes.router,
    ladders.router,
    claims.router,
    plans.router,
    tasks.router,
    objections.router,
    certificates.router,
    conversions.router,
    agency_documents.router,
    agency_receipts.router,
    events.router,
    webhook_endpoints.router,
    courts.router,
    clients.router,
    agencies.router,
    connection_tests.router,
    audit.router,
    receipts.router,
    hindsight.router,
    transparency.router,
    operations.router,
    health.router,
    metrics.router,
    docs.router,
)


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> FastAPI:
    """The application; what it needs is opened when it starts to serve and closed when it ends."""
    settings = settings or Settings()
    http_metrics = metrics.HttpMetrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        configure_logging(as_json=settings.log_json)
        async with open_hub(settings, clock or SystemClock()) as hub:
            app.state.hub = hub
            yield

    app = FastAPI(lifespan=lifespan, **openapi.FACE)
    app.state.metrics = http_metrics
    app.add_middleware(Edge, max_body_bytes=settings.max_body_bytes, metrics=http_metrics)
    app.add_exception_handler(Refusal, problems.on_refusal)
    app.add_exception_handler(RequestValidationError, problems.on_invalid_request)
    app.add_exception_handler(HTTPException, problems.on_http_exception)
    app.add_exception_handler(OperationalError, problems.on_unavailable)
    app.add_exception_handler(PoolTimeout, problems.on_unavailable)
    app.add_exception_handler(SealExpired, problems.on_expired)
    app.add_exception_handler(AlreadyAnswered, on_already_answered)
    for router in _ROUTERS:
        app.include_router(router)
    openapi.describe(app)
    return app


def create_served_app() -> FastAPI:
    """For a process that does nothing but serve it."""
    app = create_app()
    settle_memory()
    return app
