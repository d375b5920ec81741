"""Ending every effect everywhere, with proof; and preservation that turns into enforcement."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select
from typer.testing import CliRunner, Result

from app import cli
from app.adapters.measures import ConversionContent, ReleaseContent, WhyNot
from app.clock import ManualClock
from app.linkage.control.contents import open_content
from app.measures.words import Nature, State
from app.models import AgencyRequest, Freeze
from app.models.agency_request import RequestState
from app.models.freeze import FreezeState
from app.vocabulary import AnswerState, EventType, OrderKind
from tests.integration.conftest import OFFICER, Office
from tests.integration.control_desk import Desk, a_car, a_house, an_account, furnish, not_done, paper, report
from tests.integration.test_api_cases import registered


@pytest.fixture
async def desk(office: Office, clock: ManualClock) -> Desk:
    return await furnish(office, clock)


async def frozen_everywhere(desk: Desk) -> list[tuple[Freeze, Any]]:
    """At two banks and two registries."""
    things: list[tuple[str, Any, str | None]] = [
        ("BANK-ZC", an_account("6217000000000000001"), "5000.00"),
        ("BANK-SQ", an_account("6217000000000000002"), "6000.00"),
        ("LAND-ZC", a_house(), None),
        ("CAR-ZC", a_car(), None),
    ]
    made = []
    for code, asset, limit in things:
        (asset_id,) = await desk.found(code, asset)
        thing = {"asset_id": asset_id} | ({"limit": limit} if limit else {})
        (freeze,) = await desk.ordered(thing, note="账户不足", excess_reason="账户不足以清偿")
        await desk.in_force(freeze, asset, limit, None)
        made.append((await desk.freeze(freeze.id), asset))
    return made


async def close(desk: Desk) -> None:
    answer = await desk.court.post(desk.at("/closure"), json={"reason": "履行完毕"})
    assert answer.status_code == 201, answer.text


async def releases(desk: Desk) -> dict[UUID, AgencyRequest]:
    """By the freeze that they end."""
    async with desk.office.hub.sessions() as session:
        rows = await session.scalars(
            select(AgencyRequest).where(AgencyRequest.kind == OrderKind.RELEASE).order_by(AgencyRequest.id)
        )
        return {row.freeze_id: row for row in rows if row.freeze_id}


async def confirm(desk: Desk, request: AgencyRequest, asset: Any) -> None:
    now = desk.clock.now()
    await desk.hear(request, report(asset, now, state=State.RELEASED, rank=None, held=None))


async def certificate(desk: Desk) -> bytes:
    answer = await desk.court.post(desk.at("/release-certificates"))
    assert answer.status_code == 201, answer.text
    return answer.content


def told(document: bytes) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(document)["certificate"]
    return body


async def verified(desk: Desk, document: bytes, folder: Path) -> Result:
    """As a debtor's lawyer does who has the file and the hub's public key, and nothing else."""
    file, key = folder / "certificate.json", folder / "hub.pem"
    file.write_bytes(document)
    public = desk.office.hub.keys.signing.public_key()
    key.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    arguments = ["certificate", "verify", str(file), "--key", str(key)]
    return await asyncio.to_thread(CliRunner().invoke, cli.app, arguments)


async def test_seizure_28_closing_a_case_releases_every_holder_and_is_proven_one_by_one(
    desk: Desk, tmp_path: Path
) -> None:
    made = await frozen_everywhere(desk)
    await close(desk)
    ordered = await releases(desk)
    assert ordered.keys() == {freeze.id for freeze, _ in made}
    for number, (freeze, asset) in enumerate(made):
        body = told(await certificate(desk))
        assert body["complete"] is False
        assert body["open"] == [str(each.id) for each, _ in made[number:]]
        await confirm(desk, ordered[freeze.id], asset)

    document = await certificate(desk)
    body = told(document)
    assert (body["complete"], body["open"]) == (True, [])
    assert [line["freeze_id"] for line in body["effects"]] == [str(freeze.id) for freeze, _ in made]
    for line in body["effects"]:
        assert (line["state"], line["confirmed_by_agency"]) == ("released", True)
        assert len(line["confirmation_sha256"]) == 64
    assert len(body["limits"]) == 2
    shown = await verified(desk, document, tmp_path)
    assert (shown.exit_code, "有效 / VALID\n" in shown.output) == (0, True)
    assert "6217000000000000001" not in document.decode()


async def test_a_certificate_that_somebody_touched_is_not_valid(desk: Desk, tmp_path: Path) -> None:
    await frozen_everywhere(desk)
    document = await certificate(desk)
    honest = await verified(desk, document, tmp_path)
    assert honest.exit_code == 0
    assert "尚不完整" in honest.output
    for old, new in (
        (b'"complete": false', b'"complete": true'),
        (b"in_force", b"released"),
        (b"BANK-SQ", b"BANK-XX"),
    ):
        assert old in document
        shown = await verified(desk, document.replace(old, new), tmp_path)
        assert (shown.exit_code, "NOT VALID" in shown.output) == (1, True)


async def test_a_release_cites_the_request_and_the_case_that_placed_the_freeze(desk: Desk) -> None:
    made = await frozen_everywhere(desk)
    await close(desk)
    ordered = await releases(desk)
    for freeze, _ in made:
        request = ordered[freeze.id]
        content = open_content(desk.office.hub.keys.vault, OrderKind.RELEASE, request.content or b"")
        assert isinstance(content, ReleaseContent)
        assert content.freeze_request_id == freeze.request_id
        assert content.freeze_case_number == desk.case["case_number"]


async def test_2013_rules_3_a_case_with_live_freezes_does_not_close_without_the_papers_of_release(
    office: Office, clock: ManualClock
) -> None:
    desk = await furnish(office, clock, papers=("ruling", "freeze_notice", "query_notice"))
    await frozen_everywhere(desk)
    answer = await desk.court.post(desk.at("/closure"), json={"reason": "履行完毕"})
    assert (answer.status_code, answer.json()["code"]) == (422, "document_missing")
    assert (await desk.court.get(f"/v1/cases/{desk.case['id']}")).json()["status"] == "open"
    assert await releases(desk) == {}


async def test_what_a_bank_would_not_release_stays_open_on_the_certificate(desk: Desk) -> None:
    (freeze, account), *_ = await frozen_everywhere(desk)
    await close(desk)
    request = (await releases(desk))[freeze.id]
    await desk.hear(request, not_done(account, WhyNot.OTHER), state=AnswerState.NOT_EXECUTED)
    assert str(freeze.id) in told(await certificate(desk))["open"]
    assert (await desk.freeze(freeze.id)).state is FreezeState.IN_FORCE


async def test_a_freeze_that_was_never_sent_ends_with_its_case(desk: Desk) -> None:
    (asset_id,) = await desk.found("BANK-ZC", an_account())
    (freeze,) = await desk.ordered({"asset_id": asset_id, "limit": "100.00"})
    await close(desk)
    async with desk.office.hub.sessions() as session:
        request = await session.get_one(AgencyRequest, freeze.request_id)
    assert request.state is RequestState.CANCELLED
    assert told(await certificate(desk))["complete"] is True


async def test_preservation_17_measures_run_on_in_the_enforcement_case(
    office: Office, clock: ManualClock
) -> None:
    desk = await furnish(office, clock, case_number="(2026)豫1424执保12号")
    freeze = await desk.frozen("BANK-ZC", an_account(), "5000.00")
    assert freeze.nature is Nature.PRESERVATION
    clock.advance(timedelta(minutes=1))
    enforcement = await registered(office)
    preserved, desk.case = desk.case, enforcement
    notice = (await paper(desk, "enforcement_notice")).json()["id"]
    body = {
        "officer": OFFICER,
        "purpose": "保全转执行",
        "documents": [notice],
        "preservation_case_id": preserved["id"],
    }
    answer = await desk.court.post(desk.at("/conversions"), json=body)
    assert answer.status_code == 202, answer.text
    (request,) = await desk.requests(answer.json()["id"])
    content = open_content(office.hub.keys.vault, OrderKind.CONVERSION, request.content or b"")
    assert isinstance(content, ConversionContent)
    assert content.freeze_request_id == freeze.request_id
    await desk.hear(
        request,
        report(
            an_account(),
            clock.now(),
            limit="5000.00",
            held="5000.00",
            ends_at=freeze.ends_at,
            received_at=freeze.received_at,
            active_at=freeze.active_at,
        ),
    )

    after = await desk.freeze(freeze.id)
    assert (after.nature, str(after.case_id)) == (Nature.ENFORCEMENT, enforcement["id"])
    assert (after.rank, after.ends_at, after.state) == (1, freeze.ends_at, FreezeState.IN_FORCE)
    again = await desk.court.post(desk.at("/conversions"), json=body)
    assert again.json()["code"] == "freeze_unknown"
    changed = await desk.events(EventType.FREEZE_CHANGED)
    assert changed[-1]["freeze_id"] == str(freeze.id)
