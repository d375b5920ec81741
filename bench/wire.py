"""The exchange alone: signed, sent, answered, verified and decoded, with no database before or behind it."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvloop

from app.adapters.contract import (
    Adapter,
    AssetQueryOrder,
    Certificate,
    Mandate,
    OfficerCredentials,
    QueryScope,
    Subject,
)
from app.adapters.profile import AgencyProfile, AgencySettings
from app.adapters.registry import build_adapter
from app.adapters.signing_keys import SigningKey, VerifyingKey
from app.clock import SystemClock
from app.ids import new_id
from app.keys import HUB_KEY_ID
from app.vocabulary import AgencyKind, CertificateType, OrderKind, PartyKind
from bench.stand import Ground
from bench.town import CONCURRENCY, OFFICER, PURPOSE, Counter

_CODE = "BANK-ZC"


def exchanges_per_second(ground: Ground, counter: Counter, count: int) -> float:
    """Of one process, with as many connections as the hub would open to one agency."""
    return uvloop.run(_exchange_all(_adapter(ground, counter), count))


async def _exchange_all(adapter: Adapter, count: int) -> float:
    waiting = iter(range(count))

    async def one_after_another() -> None:
        for _ in waiting:
            message = adapter.dialect.encode(_order())
            adapter.decode_reply(message, await adapter.transport.exchange(message, attempt=1))

    began = time.perf_counter()
    await asyncio.gather(*[one_after_another() for _ in range(CONCURRENCY)])
    elapsed = time.perf_counter() - began
    await adapter.transport.aclose()
    return count / elapsed


def _adapter(ground: Ground, counter: Counter) -> Adapter:
    kind = AgencyKind.BANK
    key = VerifyingKey(counter.key_of(kind), counter.key.public_key(), datetime(2026, 1, 1, tzinfo=UTC))
    settings = {"endpoint": counter.endpoint(kind), "limits": {"concurrency": CONCURRENCY}}
    profile = AgencyProfile(
        agency_code=_CODE,
        kind=kind,
        dialect="liandong-1",
        transport="http",
        capabilities=frozenset({OrderKind.ASSET_QUERY}),
        settings=AgencySettings.model_validate(settings),
        keys={key.key_id: key},
        hub_key=SigningKey(HUB_KEY_ID, ground.keys().signing),
    )
    return build_adapter(profile, SystemClock(), Path())


def _order() -> AssetQueryOrder:
    now = SystemClock().now()
    return AssetQueryOrder(
        request_id=new_id(),
        order_id=new_id(),
        agency_code=_CODE,
        mandate=Mandate(
            court_code="豫1424",
            court_name="河南省柘城县人民法院",
            case_number="（2018）豫1424执1号",
            legal_basis="（2017）豫1424民初1024号民事判决书",
            purpose=PURPOSE,
            officers=(OfficerCredentials("王执行", OFFICER, "豫执1424017"),),
            documents=(),
        ),
        subject=Subject(
            PartyKind.PERSON, "谢某", Certificate(CertificateType.CITIZEN_ID, "41142419800101001X")
        ),
        scope=QueryScope(),
        asked_at=now,
        answer_due_at=now + timedelta(hours=24),
    )
