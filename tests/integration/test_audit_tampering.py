"""Whoever owns the database, triggers switched off, against the verifier with nothing but a bundle and the public key."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.audit.bundle import NothingSigned, write_log, write_selection
from app.audit.checkpoint import Signer, open_checkpoint
from app.audit.entry import Actor, Entry
from app.audit.policy import Policy
from app.audit.proof import extends
from app.audit.record import record
from app.audit.selection import Selection
from app.audit.sequencer import HistoryBroken, sequence_once
from app.audit.stored_tree import StoredTree
from app.audit.tree import CompactRange, Span, consistency_path, leaf_hash
from app.audit.verdict import Outcome, Verdict
from app.audit.verify import verify_bundle
from app.clock import ManualClock
from app.ids import new_id
from app.models import AuditCheckpoint, AuditEntry, AuditLeaf

SIGNER = Signer("court.example/audit", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
POLICY = Policy.of(SIGNER.verifier)
CLOCK = ManualClock(datetime(2026, 11, 24, tzinfo=UTC))
SIZE = 60
"""In batches of 20, so there are signed checkpoints at 20, 40 and 60."""


@pytest.fixture
async def log(engine: AsyncEngine) -> AsyncEngine:
    async with engine.begin() as connection:
        await record(connection, [entry(number) for number in range(SIZE)])
    while await sequence_once(engine, SIGNER, CLOCK, 20):
        pass
    return engine


def entry(number: int, purpose: str = "查询被执行人财产") -> Entry:
    return Entry(
        entry_id=new_id(),
        recorded_at=CLOCK.now() + timedelta(seconds=number),
        action="answer.applied",
        actor=Actor("agency", "BANK-01"),
        case_number=f"（2026）浙0102执{number % 3}号",
        purpose=purpose,
    )


async def verdict_on_log(engine: AsyncEngine) -> Verdict:
    return verify_bundle(BytesIO(b"".join([part async for part in write_log(engine)])), POLICY)


async def verdict_on_case(engine: AsyncEngine) -> Verdict:
    parts = [part async for part in write_selection(engine, Selection(case_number="（2026）浙0102执1号"))]
    return verify_bundle(BytesIO(b"".join(parts)), POLICY)


async def tamper(engine: AsyncEngine, *statements: str) -> None:
    async with engine.begin() as connection:
        await switch_off_triggers(connection)
        for statement in statements:
            done = await connection.execute(text(statement))
            assert done.rowcount, statement


async def switch_off_triggers(connection: AsyncConnection) -> None:
    for table in ("audit_entries", "audit_leaves", "audit_subtrees", "audit_checkpoints"):
        await connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))


async def forged_body(engine: AsyncEngine, index: int) -> tuple[bytes, bytes]:
    """What stands at `index` with another purpose, and its leaf hash."""
    async with engine.connect() as connection:
        body = await connection.scalar(
            select(AuditEntry.body)
            .join(AuditLeaf, AuditLeaf.entry_id == AuditEntry.entry_id)
            .where(AuditLeaf.index == index)
        )
    assert body is not None
    forged = body.replace("查询被执行人财产".encode(), "无".encode())
    return forged, leaf_hash(forged)


def body_of(index: int) -> str:
    return f"entry_id = (SELECT entry_id FROM audit_leaves WHERE index = {index})"


async def test_an_untouched_log_and_selection_verify(log: AsyncEngine) -> None:
    verdict = await verdict_on_log(log)
    assert (verdict.outcome, verdict.entries, verdict.faults) == (Outcome.GOOD, SIZE, [])
    verdict = await verdict_on_case(log)
    assert (verdict.outcome, verdict.entries, verdict.faults) == (Outcome.GOOD, SIZE // 3, [])


async def test_a_log_larger_than_a_piece_and_a_tile_verifies(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await record(connection, [entry(number) for number in range(1_203)])
    while await sequence_once(engine, SIGNER, CLOCK, 400):
        pass
    assert (await verdict_on_log(engine)).faults == []
    verdict = await verdict_on_case(engine)
    assert (verdict.entries, verdict.faults) == (401, [])


async def test_entries_that_wait_for_their_place_are_not_in_the_bundle(log: AsyncEngine) -> None:
    async with log.begin() as connection:
        await record(connection, [entry(1)])
    assert (await verdict_on_log(log)).entries == SIZE
    assert (await verdict_on_case(log)).entries == SIZE // 3


async def test_before_the_first_checkpoint_there_is_nothing_to_prove(engine: AsyncEngine) -> None:
    with pytest.raises(NothingSigned):
        await verdict_on_log(engine)
    with pytest.raises(NothingSigned):
        await verdict_on_case(engine)


async def test_an_edited_entry_is_named(log: AsyncEngine) -> None:
    forged, _ = await forged_body(log, 31)
    await tamper(log, f"UPDATE audit_entries SET body = '\\x{forged.hex()}' WHERE {body_of(31)}")
    assert (await verdict_on_log(log)).first_bad == Span(31, 32)
    assert (await verdict_on_case(log)).first_bad == Span(31, 32)


async def test_an_entry_edited_with_its_leaf_hash_lies_between_two_checkpoints(log: AsyncEngine) -> None:
    forged, leaf = await forged_body(log, 31)
    await tamper(
        log,
        f"UPDATE audit_entries SET body = '\\x{forged.hex()}' WHERE {body_of(31)}",
        f"UPDATE audit_leaves SET leaf_hash = '\\x{leaf.hex()}' WHERE index = 31",
    )
    assert (await verdict_on_log(log)).first_bad == Span(20, 40)
    assert (await verdict_on_case(log)).outcome is Outcome.BAD


@pytest.mark.parametrize("index", [0, 31, SIZE - 1])
async def test_a_dropped_entry_is_named(log: AsyncEngine, index: int) -> None:
    await tamper(log, f"DELETE FROM audit_entries WHERE {body_of(index)}")
    verdict = await verdict_on_log(log)
    assert verdict.first_bad == Span(index, index + 1)
    assert f"Entry {index} is missing" in verdict.faults[0].en


@pytest.mark.parametrize("index", [0, 31, SIZE - 1])
async def test_an_entry_dropped_with_its_leaf_is_named(log: AsyncEngine, index: int) -> None:
    await tamper(
        log,
        f"DELETE FROM audit_entries WHERE {body_of(index)}",
        f"DELETE FROM audit_leaves WHERE index = {index}",
    )
    assert (await verdict_on_log(log)).first_bad == Span(index, index + 1)


async def test_a_gap_closed_by_renumbering_is_found(log: AsyncEngine) -> None:
    await tamper(
        log,
        f"DELETE FROM audit_entries WHERE {body_of(31)}",
        "DELETE FROM audit_leaves WHERE index = 31",
        "UPDATE audit_leaves SET index = -index WHERE index > 31",
        "UPDATE audit_leaves SET index = -index - 1 WHERE index < 0",
    )
    verdict = await verdict_on_log(log)
    assert (verdict.outcome, verdict.first_bad) == (Outcome.BAD, Span(20, 40))


async def test_an_inserted_entry_is_found(log: AsyncEngine) -> None:
    forged = entry(7)
    async with log.begin() as connection:
        await record(connection, [forged])
    await tamper(
        log,
        "DELETE FROM audit_unsequenced",
        "UPDATE audit_leaves SET index = -index WHERE index >= 10",
        "UPDATE audit_leaves SET index = -index + 1 WHERE index < 0",
        f"INSERT INTO audit_leaves VALUES (10, '{forged.entry_id}', '\\x{leaf_hash(forged.to_bytes()).hex()}')",
    )
    verdict = await verdict_on_log(log)
    assert verdict.outcome is Outcome.BAD
    assert verdict.first_bad == Span(0, 20)


@pytest.mark.parametrize("columns", ["entry_id", "entry_id, leaf_hash"])
async def test_swapped_entries_are_found(log: AsyncEngine, columns: str) -> None:
    names = columns.split(", ")
    settings = ", ".join(f"{name} = other.{name}" for name in names)
    await tamper(
        log,
        "ALTER TABLE audit_leaves DROP CONSTRAINT uq_audit_leaves_entry_id",
        f"UPDATE audit_leaves SET {settings} FROM audit_leaves AS other"
        " WHERE audit_leaves.index IN (30, 31) AND other.index = 61 - audit_leaves.index",
    )
    verdict = await verdict_on_log(log)
    assert verdict.first_bad == (Span(30, 31) if columns == "entry_id" else Span(20, 40))


async def test_a_duplicate_in_place_of_another_entry_is_found(log: AsyncEngine) -> None:
    await tamper(
        log,
        "ALTER TABLE audit_leaves DROP CONSTRAINT uq_audit_leaves_entry_id",
        "UPDATE audit_leaves SET entry_id = other.entry_id, leaf_hash = other.leaf_hash"
        " FROM audit_leaves AS other WHERE audit_leaves.index = 31 AND other.index = 30",
    )
    assert (await verdict_on_log(log)).first_bad == Span(20, 40)


async def test_a_tail_cut_off_under_its_checkpoint_is_found(log: AsyncEngine) -> None:
    await tamper(log, "DELETE FROM audit_leaves WHERE index >= 50")
    assert (await verdict_on_log(log)).first_bad == Span(50, 51)


async def test_a_tail_cut_off_with_its_checkpoint_needs_a_witness_and_the_verdict_says_so(
    log: AsyncEngine,
) -> None:
    """All that is shown is proven; the checkpoint that somebody else kept shows that something is gone."""
    async with log.connect() as connection:
        kept = open_checkpoint(
            str(await connection.scalar(select(AuditCheckpoint.note).where(AuditCheckpoint.size == SIZE))),
            SIGNER.verifier,
        )
    await tamper(
        log,
        "DELETE FROM audit_leaves WHERE index >= 40",
        "DELETE FROM audit_checkpoints WHERE size > 40",
    )
    verdict = await verdict_on_log(log)
    assert (verdict.outcome, verdict.entries) == (Outcome.GOOD, 40)
    assert any("cut back" in statement.en for statement in verdict.not_proven)
    async with log.begin() as connection:
        await record(connection, [entry(number) for number in range(30)])
    await sequence_once(log, SIGNER, CLOCK)
    new = (await verdict_on_log(log)).checkpoint
    assert new is not None
    async with log.connect() as connection:
        proof = [
            await StoredTree(new.size).root_of(connection, span)
            for span in consistency_path(kept.size, new.size)
        ]
    assert not extends(kept.size, kept.root, new.size, new.root, proof)


async def test_a_chain_hashed_anew_is_found_and_never_signed(log: AsyncEngine) -> None:
    """Everything made consistent again, except for the one thing that needs the key."""
    tree = CompactRange()
    async with log.begin() as connection:
        await switch_off_triggers(connection)
        rows = (
            await connection.execute(
                select(AuditLeaf.index, AuditEntry.entry_id, AuditEntry.body)
                .join(AuditEntry, AuditEntry.entry_id == AuditLeaf.entry_id)
                .order_by(AuditLeaf.index)
            )
        ).all()
        for index, entry_id, body in rows:
            forged = body.replace("查询被执行人财产".encode(), "无".encode())
            tree.append(leaf_hash(forged))
            await connection.execute(
                update(AuditEntry).where(AuditEntry.entry_id == entry_id).values(body=forged)
            )
            await connection.execute(
                update(AuditLeaf).where(AuditLeaf.index == index).values(leaf_hash=leaf_hash(forged))
            )
        await connection.execute(
            update(AuditCheckpoint)
            .where(AuditCheckpoint.size == SIZE)
            .values(root=tree.root(), peaks=b"".join(tree.peaks))
        )
    assert (await verdict_on_log(log)).first_bad == Span(0, 20)
    async with log.begin() as connection:
        await record(connection, [entry(1)])
    with pytest.raises(HistoryBroken):
        await sequence_once(log, SIGNER, CLOCK)


async def test_a_checkpoint_by_another_key_is_refused(log: AsyncEngine) -> None:
    forger = Signer(SIGNER.origin, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    async with log.begin() as connection:
        root = bytes(32)
        await connection.execute(
            insert(AuditCheckpoint),
            {
                "size": SIZE + 1,
                "root": root,
                "peaks": b"",
                "note": forger.sign(SIZE + 1, root),
                "signed_at": CLOCK.now(),
            },
        )
    verdict = await verdict_on_log(log)
    assert (verdict.outcome, verdict.checkpoint) == (Outcome.BAD, None)


async def test_an_entry_moved_into_another_search_column_is_found(log: AsyncEngine) -> None:
    await tamper(log, f"UPDATE audit_entries SET case_number = '（2026）浙0102执1号' WHERE {body_of(6)}")
    verdict = await verdict_on_case(log)
    assert verdict.first_bad == Span(6, 7)
    assert "does not fit what was asked for" in verdict.faults[0].en


async def test_an_altered_tile_spoils_proofs_not_silently(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await record(connection, [entry(number) for number in range(600)])
    await sequence_once(engine, SIGNER, CLOCK)
    await tamper(engine, "UPDATE audit_subtrees SET hash = sha256('x') WHERE index = 0")
    assert (await verdict_on_log(engine)).outcome is Outcome.GOOD
    assert (await verdict_on_case(engine)).outcome is Outcome.BAD


async def test_no_body_however_odd_breaks_the_export(log: AsyncEngine) -> None:
    async with log.begin() as connection:
        await switch_off_triggers(connection)
        await connection.execute(
            text(f"UPDATE audit_entries SET body = :body WHERE {body_of(12)}").bindparams(
                bindparam("body", b"\xff\t\n12\t{}\tAAAA\nend\t0\t\n")
            )
        )
    assert (await verdict_on_log(log)).outcome is Outcome.BAD
