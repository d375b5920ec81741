"""The hub and its witnesses on real sockets: who cosigned, who is missing, and what only they can see."""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.audit.bundle import write_log
from app.audit.checkpoint import Signer
from app.audit.cosignature import Cosigner
from app.audit.entry import Actor, Entry
from app.audit.policy import MalformedPolicy, read_policy
from app.audit.published import newest_checkpoint, witnessed_checkpoint
from app.audit.record import record
from app.audit.sequencer import sequence_once
from app.audit.verdict import Outcome, Verdict
from app.audit.verify import verify_bundle
from app.audit.witness import WitnessedLog, WitnessState
from app.audit.witness_policy import LIMIT, Standing, adopt, standing, with_logs, witnesses
from app.audit.witness_server import WitnessServer
from app.clock import ManualClock
from app.dispatch.witnessing import EVERY, REFRESH, Witnessing
from app.errors import ErrorCode, Refusal
from app.ids import new_id
from app.linkage.witnessing import require_witnessed
from app.models.audit import AuditCosignature
from app.vocabulary import OrderKind
from tests.integration.conftest import Office
from tests.integration.control_desk import an_account, furnish
from tests.integration.independent_log import OtherWitness, cosigned_at, signed_head
from tests.unit.audit_town import BANK, POLICE, SIGNER, private


class Village:
    """The hub's log and two witnesses, each on a port of its own that can be closed and opened again."""

    def __init__(self, engine: AsyncEngine, clock: ManualClock, folder: Path) -> None:
        self.engine = engine
        self.clock = clock
        self.signer: Signer = SIGNER
        self.witnessing = Witnessing(engine, clock)
        self._folder = folder
        self._open: dict[str, ExitStack] = {}
        self._ports: dict[str, int] = {}

    def open(self, cosigner: Cosigner) -> None:
        stack = ExitStack()
        state = stack.enter_context(WitnessState(self._folder / cosigner.name))
        log = WitnessedLog(cosigner, self.signer.verifiers, state, lambda: self.clock.now().timestamp())
        port = self._ports.get(cosigner.name, 0)
        server = stack.enter_context(WitnessServer(("127.0.0.1", port), log))
        self._ports[cosigner.name] = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        self._open[cosigner.name] = stack

    def close(self, cosigner: Cosigner) -> None:
        self._open.pop(cosigner.name).close()

    async def aclose(self) -> None:
        for stack in self._open.values():
            stack.close()
        await self.witnessing.aclose()

    def policy(self, quorum: str = "group both all bank police\nquorum both") -> str:
        bank, police = self._ports[BANK.name], self._ports[POLICE.name]
        return (
            f"witness bank {BANK.verifiers[0]} http://127.0.0.1:{bank}/\n"
            f"witness police {POLICE.verifiers[1]} http://127.0.0.1:{police}\n{quorum}\n"
        )

    async def adopt(self, text: str | None, limit: timedelta = LIMIT) -> None:
        whole = (
            None if text is None else with_logs(text, self.signer.verifiers, "http://hub.test/transparency")
        )
        async with self.engine.begin() as connection:
            await adopt(connection, whole, limit, self.clock.now())

    async def write(self, count: int) -> None:
        async with self.engine.begin() as connection:
            await record(connection, [entry(self.clock.now()) for _ in range(count)])
        await sequence_once(self.engine, self.signer, self.clock)

    async def round(self) -> Standing | None:
        self.clock.advance(EVERY)
        return await self.witnessing.ask_once()

    async def failures(self) -> dict[str, str | None]:
        async with self.engine.connect() as connection:
            return {one.name: one.failure for one in await witnesses(connection)}

    async def exported(self) -> Verdict:
        bundle = b"".join([part async for part in write_log(self.engine)])
        async with self.engine.connect() as connection:
            found = await standing(connection)
        assert found is not None
        return verify_bundle(BytesIO(bundle), read_policy(found.text))


def entry(at: datetime) -> Entry:
    return Entry(entry_id=new_id(), recorded_at=at, action="answer.applied", actor=Actor("agency", "BANK-01"))


@pytest.fixture
async def village(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Village]:
    village = Village(engine, ManualClock(datetime(2026, 11, 24, tzinfo=UTC)), tmp_path)
    village.open(BANK)
    village.open(POLICE)
    await village.adopt(village.policy())
    yield village
    await village.aclose()


async def test_all_witnesses_cosign_one_checkpoint_and_it_is_published_with_their_lines(
    village: Village,
) -> None:
    await village.write(5)
    found = await village.round()
    assert found is not None
    assert (found.witnessed_size, found.witnessed_at) == (5, village.clock.now())
    await village.write(300)
    found = await village.round()
    assert found is not None
    assert found.witnessed_size == 305
    assert await village.failures() == {"bank": None, "police": None}
    async with village.engine.connect() as connection:
        newest, witnessed = await newest_checkpoint(connection), await witnessed_checkpoint(connection)
        kept = (await connection.scalars(select(AuditCosignature.size))).all()
    assert newest == witnessed
    assert newest is not None
    assert newest.note.count("\n— ") == 3
    assert set(kept) == {305}
    verdict = await village.exported()
    assert verdict.outcome is Outcome.GOOD
    assert any("vouch that until" in one.en for one in verdict.proven)
    assert not any("a fork" in one.en for one in verdict.not_proven)


async def test_a_witness_of_another_make_cosigns_and_sees_a_fork(village: Village) -> None:
    def time() -> int:
        return int(village.clock.now().timestamp())

    key = str(SIGNER.verifier)
    other = OtherWitness("other.example/w", private(9), key, time)
    with other.served() as address:
        await village.adopt(f"witness other {other.key} {address}\nquorum other\n")
        for count in (5, 300, 1):
            await village.write(count)
            found = await village.round()
            assert (await village.failures(), found and found.witnessed_at) == (
                {"other": None},
                village.clock.now(),
            )
        async with village.engine.connect() as connection:
            published = await witnessed_checkpoint(connection)
        assert published is not None
        assert signed_head(published.note, key).size == 306
        assert cosigned_at(published.note, other.key) == time()
        await cut_back(village, 305)
        await village.write(7)
        await village.round()
        assert await village.failures() == {"other": "contradicts"}


async def test_an_unchanged_log_is_cosigned_anew_but_not_all_the_time(village: Village) -> None:
    await village.write(5)
    first = await village.round()
    assert await village.round() is None
    village.clock.advance(REFRESH)
    again = await village.round()
    assert first is not None
    assert again is not None
    assert again.witnessed_size == 5
    assert again.witnessed_at == village.clock.now()


async def test_two_workers_do_not_ask_at_once(village: Village) -> None:
    await village.write(5)
    other = Witnessing(village.engine, village.clock)
    village.clock.advance(EVERY)
    assert await village.witnessing.ask_once() is not None
    await village.write(1)
    assert await other.ask_once() is None
    village.clock.advance(EVERY)
    assert await other.ask_once() is not None
    await other.aclose()


async def test_nothing_is_asked_without_a_policy_or_a_checkpoint(village: Village) -> None:
    assert await village.round() is None
    await village.write(1)
    await village.adopt(None)
    assert await village.round() is None
    async with village.engine.connect() as connection:
        assert await witnesses(connection) == []


async def test_a_missing_witness_is_named_and_catches_up_when_it_is_back(village: Village) -> None:
    await village.write(5)
    await village.round()
    village.close(POLICE)
    await village.write(5)
    found = await village.round()
    assert found is not None
    assert found.witnessed_size == 5
    failures = await village.failures()
    assert failures["bank"] is None
    assert failures["police"] is not None
    village.open(POLICE)
    await village.write(5)
    found = await village.round()
    assert found is not None
    assert found.witnessed_size == 15
    assert await village.failures() == {"bank": None, "police": None}


async def test_a_quorum_does_without_one_witness(village: Village) -> None:
    await village.adopt(village.policy("group one any bank police\nquorum one"))
    village.close(POLICE)
    await village.write(5)
    found = await village.round()
    assert found is not None
    assert found.witnessed_size == 5
    assert (await village.exported()).outcome is Outcome.GOOD


async def test_what_the_hub_forgot_of_a_witness_the_witness_tells(village: Village) -> None:
    await village.write(5)
    await village.round()
    async with village.engine.begin() as connection:
        await connection.execute(text("UPDATE audit_witnesses SET size = 2"))
    await village.write(5)
    found = await village.round()
    assert found is not None
    assert found.witnessed_size == 10


async def test_a_witness_that_answers_nonsense_is_no_witness(village: Village) -> None:
    village.close(POLICE)
    impostor = Cosigner(POLICE.name, private(9), BANK.ml_dsa)
    village.open(impostor)
    await village.write(5)
    found = await village.round()
    assert found is not None
    assert found.witnessed_at is None
    failure = (await village.failures())["police"]
    assert failure is not None
    assert "no cosignature" in failure


async def cut_back(village: Village, size: int) -> None:
    """What restoring an old backup leaves."""
    async with village.engine.begin() as connection:
        for table in ("audit_entries", "audit_leaves", "audit_subtrees", "audit_checkpoints"):
            await connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        await connection.execute(text(f"DELETE FROM audit_leaves WHERE index >= {size}"))
        await connection.execute(text(f"DELETE FROM audit_checkpoints WHERE size > {size}"))
        await connection.execute(
            text("DELETE FROM audit_entries WHERE entry_id NOT IN (SELECT entry_id FROM audit_leaves)")
        )
        await connection.execute(text("DELETE FROM audit_cosignatures"))


async def test_a_log_restored_from_a_backup_is_seen_by_its_witnesses(village: Village) -> None:
    """The same key signs the same prefix: no verifier without a witness could tell."""
    await village.write(5)
    await village.write(5)
    await village.round()
    await cut_back(village, 5)
    with structlog.testing.capture_logs() as logs:
        found = await village.round()
    assert {line["event"] for line in logs if line["log_level"] == "error"} >= {"audit.witness_contradicts"}
    assert await village.failures() == {"bank": "ahead", "police": "ahead"}
    assert found is not None
    assert (await village.exported()).outcome is Outcome.BAD


async def test_a_history_written_anew_with_the_logs_own_key_is_seen_by_its_witnesses(
    village: Village,
) -> None:
    await village.write(5)
    await village.write(5)
    await village.round()
    await cut_back(village, 5)
    await village.write(9)
    with structlog.testing.capture_logs() as logs:
        await village.round()
    assert await village.failures() == {"bank": "contradicts", "police": "contradicts"}
    assert any(line["event"] == "audit.witness_contradicts" for line in logs)
    verdict = await village.exported()
    assert verdict.outcome is Outcome.BAD
    assert "Not witnessed as the policy asks" in verdict.faults[0].en


async def test_a_log_that_is_not_numbered_any_more_is_not_witnessed_any_more(village: Village) -> None:
    await village.write(5)
    await village.round()
    async with village.engine.begin() as connection:
        await record(connection, [entry(village.clock.now())])
    village.clock.advance(timedelta(minutes=2))
    with structlog.testing.capture_logs() as logs:
        assert await village.round() is None
    assert any(line["event"] == "audit.sequencer_behind" for line in logs)


async def test_witnesses_follow_a_change_of_the_logs_key(village: Village) -> None:
    await village.write(5)
    await village.round()
    new = Ed25519PrivateKey.from_private_bytes(bytes([77]) * 32)
    village.signer = Signer(SIGNER.origin, new, SIGNER.private)
    await village.adopt(village.policy())
    await village.write(5)
    found = await village.round()  # the witnesses still know the old key alone
    assert found is not None
    assert found.witnessed_size == 10
    for witness in (BANK, POLICE):  # now they learn the new one
        village.close(witness)
        village.open(witness)
    village.signer = Signer(SIGNER.origin, new)
    await village.adopt(village.policy())
    await village.write(5)
    found = await village.round()
    assert found is not None
    assert found.witnessed_size == 15
    verdict = await village.exported()
    assert (verdict.outcome, verdict.entries) == (Outcome.GOOD, 15)


async def test_a_policy_for_other_logs_is_completed_and_a_broken_one_refused() -> None:
    whole = with_logs("quorum none\n", SIGNER.verifiers, "http://hub.test/")
    assert whole == f"log {SIGNER.verifier} http://hub.test/\nquorum none\n"
    assert with_logs(whole, SIGNER.verifiers, "elsewhere") == whole
    with pytest.raises(MalformedPolicy):
        with_logs("quorum", SIGNER.verifiers, "http://hub.test/")


async def test_a_changed_policy_must_be_fulfilled_anew_and_an_unchanged_one_not(village: Village) -> None:
    await village.write(5)
    await village.round()
    await village.adopt(village.policy())
    async with village.engine.connect() as connection:
        found = await standing(connection)
    assert found is not None
    assert found.witnessed_size == 5
    await village.adopt(village.policy("group one any bank police\nquorum one"))
    async with village.engine.connect() as connection:
        found = await standing(connection)
    assert found is not None
    assert (found.witnessed_size, found.witnessed_at) == (None, None)


@contextmanager
def refused(code: ErrorCode) -> Iterator[None]:
    with pytest.raises(Refusal) as caught:
        yield
    assert caught.value.code is code


async def test_new_coercion_waits_for_a_witnessed_log_and_nothing_else_does(
    office: Office, clock: ManualClock
) -> None:
    desk = await furnish(office, clock)
    account = an_account()
    freeze = await desk.frozen("BANK-ZC", account, "40000.00")
    async with office.hub.engine.begin() as connection:
        policy = with_logs(
            f"witness bank {BANK.verifiers[0]}\nquorum bank\n", SIGNER.verifiers, "http://hub.test/"
        )
        await adopt(connection, policy, LIMIT, clock.now())
    (asset_id,) = await desk.found("BANK-SQ", an_account("6217000000000000002"))
    await desk.ordered({"asset_id": asset_id, "limit": "1000.00"})  # there is time to gather cosignatures
    drafted = await desk.draft({"asset_id": asset_id, "limit": "1000.00"})
    await desk.pass_until(clock.now() + LIMIT + timedelta(seconds=1))
    answer = await desk.decide(drafted.json()["id"])
    assert (answer.status_code, answer.json()["code"]) == (503, "log_not_witnessed")
    assert (await desk.decide(drafted.json()["id"], approve=False, note="改日再报")).status_code == 200
    assert (await desk.court.get(desk.at(""))).status_code == 200
    released = await desk.court.post(
        f"/v1/freezes/{freeze.id}/release",
        json=desk.signed("ruling", "release_notice", reason="paid"),
    )
    assert released.status_code == 202, released.text
    assert (await desk.decide(released.json()["id"])).status_code in {200, 409}
    async with office.hub.sessions() as session:
        for kind in (OrderKind.RELEASE, OrderKind.RENEWAL, OrderKind.ASSET_QUERY, OrderKind.RECALL):
            await require_witnessed(session, kind, clock.now())
        for kind in (OrderKind.FREEZE, OrderKind.TRANSFER, OrderKind.CONVERSION, OrderKind.LOCATE):
            with refused(ErrorCode.LOG_NOT_WITNESSED):
                await require_witnessed(session, kind, clock.now())


async def test_the_state_of_the_witnesses_is_shown(office: Office, clock: ManualClock) -> None:
    shown = (await office.auditor.get("/v1/audit/witnesses")).json()
    assert shown == {
        "configured": False,
        "witnessed": True,
        "witnessed_size": None,
        "witnessed_at": None,
        "items": [],
    }
    assert (await office.stranger.get("/transparency/policy")).status_code == 404
    policy = with_logs(
        f"witness bank {BANK.verifiers[0]} http://w.test/\nquorum bank\n", SIGNER.verifiers, "http://h/"
    )
    async with office.hub.engine.begin() as connection:
        await adopt(connection, policy, LIMIT, clock.now())
    assert (await office.stranger.get("/transparency/policy")).text == policy
    shown = (await office.operator.get("/v1/audit/witnesses")).json()
    assert (shown["configured"], shown["witnessed"]) == (True, True)
    assert shown["items"][0]["name"] == "bank"
    await sequence_once(office.hub.engine, SIGNER, clock)
    clock.advance(LIMIT + timedelta(seconds=1))
    assert (await office.stranger.get("/readyz")).json()["audit"] == "unwitnessed"
    metrics = (await office.stranger.get("/metrics")).text
    assert "liandong_audit_witnessed 0.0" in metrics
    assert 'liandong_audit_witness_age_seconds{witness="bank"} 901.0' in metrics
