"""Receipts and tiles of a running hub, checked by people who have its public keys and nothing else."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from app.adapters.signatures import RequestParts
from app.administration import hub_public_keys
from app.audit.checkpoint import Signer
from app.audit.cosignature import Cosigner
from app.audit.verdict import Outcome
from app.audit.verify_receipt import verify_receipt_file
from app.audit.verify_tiles import verify_published
from app.audit.witness import WitnessedLog, WitnessState
from app.audit.witness_policy import LIMIT, adopt, with_logs
from app.audit.witness_server import WitnessServer
from app.database import create_engine
from app.ids import new_id
from app.keys import load_keys
from app.settings import Settings
from tests.e2e.agency_by_hand import AgencyByHand, agency_by_hand, send
from tests.e2e.running_hub import Court, Json, RunningHub, now, until

CODES = ("BANK-ZC", "LAND-ZC", "POLICE-ZC", "TAX-ZC", "VEHICLE-ZC")


@pytest.fixture(scope="module")
def policy(hub: RunningHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A neighbouring court witnesses the log while these tests run."""
    settings = Settings(data_dir=hub.data_dir)
    signer = Signer(settings.audit_origin, load_keys(settings).audit)
    neighbour = Cosigner(
        "neighbour.example/witness", Ed25519PrivateKey.generate(), MLDSA44PrivateKey.generate()
    )
    with WitnessState(tmp_path_factory.mktemp("witness")) as state:
        log = WitnessedLog(neighbour, [signer.verifier], state, time.time)
        with WitnessServer(("127.0.0.1", 0), log) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            address = f"http://127.0.0.1:{server.server_port}/"
            text = with_logs(
                f"witness neighbour {neighbour.verifiers[1]} {address}\nquorum neighbour\n",
                [signer.verifier],
                f"{hub.url}/transparency",
            )
            put_in_force(hub, text)
            yield text
            put_in_force(hub, None)
            server.shutdown()
            thread.join()


def put_in_force(hub: RunningHub, text: str | None) -> None:
    async def put() -> None:
        engine = create_engine(hub.launcher.database_url)
        async with engine.begin() as connection:
            await adopt(connection, text, LIMIT, now())
        await engine.dispose()

    asyncio.run(put())


@pytest.fixture(scope="module")
def keys(hub: RunningHub, policy: str, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What was handed over when the agencies were connected: the policy, and everybody's public keys."""
    file = tmp_path_factory.mktemp("keys") / "keys.pem"
    known = {hub.fleet.running(code).key_id: hub.fleet.running(code).public_key for code in CODES}
    known |= hub_public_keys(Settings(data_dir=hub.data_dir))
    file.write_text("".join(f"# key id: {key_id}\n{pem}\n" for key_id, pem in known.items()))
    return [policy, str(file)]


@dataclass(frozen=True)
class Exchange:
    """One query at all agencies, with the receipts of each part."""

    court: Court
    since: datetime
    parts: list[Json]
    receipts: dict[str, list[Json]]
    """By agency code."""


@pytest.fixture(scope="module")
def exchange(hub: RunningHub, policy: str) -> Exchange:
    since, court = now(), hub.court()
    parts = court.wait(court.ask(court.case(*hub.debtors(1)), *CODES))
    receipts = {part["agency_code"]: witnessed(court, part["request_id"]) for part in parts}
    return Exchange(court, since, parts, receipts)


def witnessed(court: Court, request_id: str) -> list[Json]:
    def reached() -> list[Json]:
        answer = court.http.get(f"/v1/agency-requests/{request_id}/receipts")
        assert answer.status_code == 200, answer.text
        items: list[Json] = answer.json()["items"]
        return items if all(item["witnessed"] for item in items) else []

    return until(reached, 40)


def test_every_exchange_has_receipts_that_verify_with_public_keys_alone(
    hub: RunningHub, exchange: Exchange, keys: list[str], tmp_path: Path
) -> None:
    for code, items in exchange.receipts.items():
        actions = [item["action"] for item in items]
        assert actions[0] == "agency_request.sent"
        assert "answer.applied" in actions
        assert [item["index"] for item in items] == sorted(item["index"] for item in items)
        for item in items:
            file = tmp_path / f"{item['entry_id']}.tlog-proof"
            file.write_text(item["receipt"])
            verdict = verify_receipt_file(file, keys)
            assert (verdict.outcome, verdict.faults) == (Outcome.GOOD, []), item
            proven = "\n".join(one.en for one in verdict.proven)
            assert "neighbour" in proven
            assert hub.fleet.running(code).key_id in proven  # the agency cannot deny it
            if item["action"] == "agency_request.sent":
                assert "The holder of liandong-hub signed this message (sent" in proven
            assert not any("its public key was not given" in one.en for one in verdict.not_proven)


def test_the_program_checks_a_receipt_without_hub_database_or_network(
    exchange: Exchange, keys: list[str], tmp_path: Path
) -> None:
    (tmp_path / "receipt").write_text(exchange.receipts["LAND-ZC"][0]["receipt"])
    (tmp_path / "policy").write_text(keys[0])
    command = [sys.executable, "-m", "app.cli", "audit", "verify-receipt", "receipt"]
    command += ["--keys", "policy", "--keys", keys[1]]
    environment = {"PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "验证通过 / GOOD" in done.stdout
    assert "Not proven" in done.stdout


def ask_for_receipt(agency: AgencyByHand, message_id: str) -> httpx.Response:
    request = RequestParts("GET", f"{agency.hub_url}/agency/v1/receipts/{message_id}", [], b"")
    signed = agency.sign(request)
    answer = send(signed)
    if answer.status_code == 200:
        agency.believe(answer, signed)
    return answer


def test_an_agency_fetches_the_receipts_of_its_own_messages_and_of_no_others(
    hub: RunningHub, exchange: Exchange, keys: list[str], tmp_path: Path
) -> None:
    items = exchange.receipts["TAX-ZC"]
    tax, land = agency_by_hand(hub, "TAX-ZC"), agency_by_hand(hub, "LAND-ZC")
    for item in items:
        if item["message_id"] is None:
            continue
        answer = ask_for_receipt(tax, item["message_id"])
        assert answer.status_code == 200, answer.text
        file = tmp_path / "receipt"
        file.write_text(answer.text)
        verdict = verify_receipt_file(file, keys)
        assert (verdict.outcome, verdict.faults) == (Outcome.GOOD, [])
        assert ask_for_receipt(land, item["message_id"]).status_code == 404
    assert ask_for_receipt(tax, str(new_id())).status_code == 404
    stranger = replace(tax, key=replace(tax.key, key_id="nobody"))
    assert ask_for_receipt(stranger, str(items[0]["message_id"])).status_code == 401


def test_a_foreign_court_gets_no_receipts(exchange: Exchange, court: Court) -> None:
    answer = court.http.get(f"/v1/agency-requests/{exchange.parts[0]['request_id']}/receipts")
    assert answer.status_code == 404


def test_anybody_verifies_the_published_log_and_an_auditor_its_entries(
    hub: RunningHub, exchange: Exchange, policy: str
) -> None:
    address = f"{hub.url}/transparency"

    def outsider() -> bool:
        verdict = verify_published(address, [policy])
        return verdict.outcome is Outcome.GOOD and any("only hashes" in one.en for one in verdict.not_proven)

    until(outsider, 40)  # between two rounds the newest checkpoint is not witnessed yet
    token = hub.auditor.auth
    assert hub.auditor.get("/v1/audit/witnesses").json()["witnessed"]
    key = policy.split()[1]
    verdict = verify_published(address, [key], token=getattr(token, "token", ""))
    assert (verdict.outcome, verdict.faults) == (Outcome.GOOD, [])
    assert "are in the canonical form" in verdict.proven[-1].en
    assert hub.actions(now().replace(microsecond=0, second=0), "audit.exported")
    looked = httpx.get(f"{address}/tile/entries/000.p/1", trust_env=False)
    assert looked.status_code == 401


def test_entries_and_effects_are_as_many(hub: RunningHub, exchange: Exchange) -> None:
    """The judge are the agencies' own books: what reached them stands in the log once, and nothing else does."""
    sent = {entry["request_id"] for entry in hub.actions(exchange.since, "agency_request.sent")}
    applied = [entry["request_id"] for entry in hub.actions(exchange.since, "answer.applied")]
    for part in exchange.parts:
        request_id = part["request_id"]
        arrived = [
            one for one in hub.books(part["agency_code"]).requests() if str(one.request_id) == request_id
        ]
        assert (len(arrived), applied.count(request_id), request_id in sent) == (1, 1, True)
        [entry] = exchange.receipts[part["agency_code"]][:1]
        assert entry["digests"]["sent"] == arrived[0].sha256
