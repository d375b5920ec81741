"""Agencies that come by configuration alone, while everything runs: one of the fleet, and one that shares no code."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from app import administration
from app.keys import HUB_KEY_ID
from app.sandbox.population import Debtor
from app.settings import Settings
from app.vocabulary import AgencyKind
from tests.e2e.agency_by_hand import agency_by_hand, nothing_found
from tests.e2e.running_hub import QUICK, Court, RunningHub, now, until

SECOND_BANK = "BANK-SQ"
INDEPENDENT = "BANK-X"


def liandong(hub: RunningHub, *arguments: str) -> str:
    """The hub's own command line, on its machine."""
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        env={**os.environ, "LIANDONG_DATA_DIR": str(hub.data_dir)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_second_bank_is_added_by_one_command_and_its_revoked_key_is_dead_in_seconds(
    hub: RunningHub, court: Court, tmp_path: Path
) -> None:
    case = court.case(*hub.debtors(1))
    court.wait(court.ask(case, "BANK-ZC"))
    bank = hub.fleet.running(SECOND_BANK)
    key, settings = tmp_path / "public.pem", tmp_path / "settings.json"
    key.write_text(bank.public_key)
    settings.write_text(json.dumps(QUICK))

    liandong(
        hub,
        *("agency", "add", "--code", SECOND_BANK, "--name", "商丘示例银行", "--kind", "bank"),
        *("--endpoint", bank.url, "--key-id", bank.key_id, "--public-key", str(key)),
        *("--settings", str(settings)),
    )

    query_id = court.ask(case, SECOND_BANK)
    assert court.wait(query_id)[0]["state"] == "answered"
    assert SECOND_BANK in liandong(hub, "agency", "list")

    began = now()
    liandong(hub, "agency", "revoke-key", "--code", SECOND_BANK, "--key-id", bank.key_id)

    refused = agency_by_hand(hub, SECOND_BANK).answer(nothing_found(court.part(query_id)["request_id"]))
    assert (refused.status_code, refused.json()["detail"]) == (401, "revoked_key")
    query_id = court.ask(case, SECOND_BANK)
    lost = until(lambda: hub.actions(began, "agency_request.outcome_lost", agency_code=SECOND_BANK))
    assert "revoked_key" in lost[0]["outcome"]
    assert court.part(query_id)["state"] == "unknown"
    hub.administrator.patch(f"/v1/agencies/{SECOND_BANK}", json={"active": False})


@dataclass(frozen=True)
class Independent:
    url: str
    key_id: str
    public_key: str


@pytest.fixture
def independent(hub: RunningHub, tmp_path: Path) -> Iterator[Independent]:
    """The program that was written from docs/agency-protocol.md alone, with three customers."""
    key = Ed25519PrivateKey.generate()
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    [hub_pem] = administration.hub_public_keys(Settings(data_dir=hub.data_dir)).values()
    (tmp_path / "hub.pem").write_text(hub_pem)
    manners = ("at_once", "later", "in_parts")
    customers = {
        debtor.number: {"name": debtor.name, "assets": [account(1), account(2)], "manner": manner}
        for debtor, manner in zip(customers_of(hub), manners, strict=True)
    }
    (tmp_path / "register.json").write_text(json.dumps(customers))
    program = Path(__file__).with_name("independent_agency.py")
    with subprocess.Popen(
        [
            *(sys.executable, program, "--agency-code", INDEPENDENT, "--port", "0"),
            *("--key", tmp_path / "key.pem", "--key-id", "bank-x-1"),
            *("--hub", hub.url, "--hub-key", tmp_path / "hub.pem", "--hub-key-id", HUB_KEY_ID),
            *("--books", tmp_path / "books.sqlite", "--register", tmp_path / "register.json"),
            "--with-papers",
        ],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        ready, url = process.stdout.readline().split()
        assert ready == "ready"
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        yield Independent(url, "bank-x-1", public)
        process.terminate()


def customers_of(hub: RunningHub) -> tuple[Debtor, ...]:
    return tuple(debtor for debtor in hub.debtors(6) if debtor.certificate_type == "citizen_id")[:3]


def account(number: int) -> dict[str, object]:
    return {
        "kind": "bank_account",
        "account_number": f"62220000000000{number:02}",
        "account_type": "个人结算账户",
        "status": "active",
        "balance": "120.50",
        "available_balance": "120.50",
        "branch": "城关支行",
    }


def test_an_agency_that_shares_no_code_with_the_hub_is_asked_and_answers(
    hub: RunningHub, court: Court, independent: Independent
) -> None:
    key = {"key_id": independent.key_id, "public_key": independent.public_key}
    case = court.case(*customers_of(hub))
    with hub.visited_by(INDEPENDENT, AgencyKind.BANK, independent.url, key):
        query_id = court.ask(case, INDEPENDENT)
        parts = court.wait(query_id)

    assert [part["state"] for part in parts] == ["answered"] * 3
    told: dict[str, list[str]] = {part["request_id"]: [] for part in parts}
    for event in court.events(query_id):
        told[event["request_id"]].append(event["type"].partition(".")[2])
    assert sorted(told.values()) == [
        ["acknowledged", "answered"],
        ["acknowledged", "partially_answered", "partially_answered", "answered"],
        ["answered"],
    ]
    assert len(court.assets(case)) == 6
