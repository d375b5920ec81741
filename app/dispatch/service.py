"""One worker process: everything it opens, in order, and everything that runs in it."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

from app.adapters.signing_keys import SigningKey
from app.adapters.transports.wire import WireTransport
from app.adapters.transports.wire_connection import WireLimits
from app.audit import sequencer
from app.audit.checkpoint import Signer
from app.audit.conspicuous import Limits
from app.clock import Clock
from app.database import check_durability, create_engine, session_factory
from app.dispatch.agency_requests import AgencyCarrier
from app.dispatch.directory import Directory
from app.dispatch.housekeeping import Housekeeping
from app.dispatch.reconciliation import ReconciliationCarrier
from app.dispatch.retention import Retention
from app.dispatch.supervision import Supervision
from app.dispatch.webhooks import WebhookCarrier, public_address
from app.dispatch.witnessing import Witnessing, put_policy_in_force
from app.dispatch.worker import Worker
from app.expiry_keys import ExpiryKeys
from app.keys import HUB_KEY_ID, load_keys
from app.linkage.retention import Schedule
from app.outbox.bell import Listener
from app.schema import open_database
from app.settings import Mode, Settings

_WEBHOOK_LIMITS = WireLimits(connect_seconds=3, read_seconds=15, total_seconds=20, max_connections=64)


async def run_worker(settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
    """Carry, deliver, sequence and keep house until `stop`.

    Raises:
        KeysMissing, NotDurable: the worker must not start; the text says what to do.
        MalformedPolicy: the file with the witnesses cannot be used.
        HistoryBroken: the audit log's head is not what this hub signed; nothing may go on.
    """
    keys = load_keys(settings)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(open_database(settings))
        engine = create_engine(url, pool_size=settings.pool_size)
        stack.push_async_callback(engine.dispose)
        if settings.mode is Mode.PRODUCTION:
            async with engine.connect() as connection:
                await check_durability(connection)
        sessions = session_factory(engine)
        listener = await stack.enter_async_context(Listener(engine))
        directory = Directory(SigningKey(HUB_KEY_ID, keys.signing), clock, settings.secrets_dir)
        worker = Worker(
            sessions,
            listener,
            clock,
            (
                AgencyCarrier(keys.vault, directory, clock),
                ReconciliationCarrier(keys.vault, directory, clock),
                WebhookCarrier(
                    keys.vault,
                    clock,
                    timedelta(hours=settings.webhook_disable_hours),
                    WireTransport(
                        _WEBHOOK_LIMITS,
                        address_guard=None if settings.webhook_private_addresses else public_address,
                    ),
                ),
            ),
        )
        house = Housekeeping(sessions, keys.vault, clock, worker.guarded)
        schedule = Schedule(keys.vault, ExpiryKeys(settings.expiry_keys_dir), settings.retention_years)
        retention = Retention(engine, sessions, schedule, clock)
        witnessing = Witnessing(engine, clock)
        stack.push_async_callback(witnessing.aclose)
        await put_policy_in_force(engine, settings, keys, clock)
        signer = Signer(settings.audit_origin, keys.audit, keys.audit_retiring)
        async with asyncio.TaskGroup() as group:
            group.create_task(worker.run(stop))
            group.create_task(house.run(stop))
            group.create_task(sequencer.run(engine, signer, clock, stop))
            group.create_task(witnessing.run(stop))
            group.create_task(retention.run(stop))
            group.create_task(Supervision(sessions, clock, Limits()).run(stop))
