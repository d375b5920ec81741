"""How many entries a second the sequencer takes into the tree, with real entries waiting."""

import time
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncEngine

from app.audit.checkpoint import Signer
from app.audit.entry import Actor, Entry
from app.audit.record import record
from app.audit.sequencer import sequence_once
from app.clock import SystemClock
from app.ids import new_id
from app.vocabulary import ActorKind, AuditAction

_ENTRIES = 100_000
_WRITTEN_AT_ONCE = 1_000


async def measure(engine: AsyncEngine) -> float:
    """Entries a second, from a migrated database without an audit log."""
    for _ in range(_ENTRIES // _WRITTEN_AT_ONCE):
        async with engine.begin() as connection:
            await record(connection, [_entry() for _ in range(_WRITTEN_AT_ONCE)])
    signer = Signer("bench.example/audit", Ed25519PrivateKey.generate())
    sequenced = 0
    begun = time.perf_counter()
    while taken := await sequence_once(engine, signer, SystemClock()):
        sequenced += taken
    return sequenced / (time.perf_counter() - begun)


def _entry() -> Entry:
    return Entry(
        entry_id=new_id(),
        recorded_at=datetime.now(UTC),
        action=AuditAction.ANSWER_APPLIED,
        actor=Actor(ActorKind.AGENCY, "BANK-01"),
        case_number="（2026）浙0102执123号",
        purpose="查明被执行人财产状况",
        digests=(("answer", "0" * 64),),
    )
