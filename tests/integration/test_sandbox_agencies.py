"""What sandbox agencies answer, as real processes asked over HTTP by the hub's own transport."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.adapters.assets import BankAccount, IdentityRecord, RealEstate, identity_of
from app.adapters.contract import Acknowledged, Answer, AssetQueryOrder, Operation, QueryScope
from app.adapters.kinds import KINDS
from app.adapters.signatures import RequestParts, SigningKey, new_nonce, sign_request
from app.errors import MessageRejected
from app.sandbox.behaviour import Manner
from app.sandbox.fleet import SECOND_BANK, STANDARD, Fleet, People, SandboxAgency
from app.sandbox.population.cast import Part
from app.sandbox.population.numbers import fifteen_digits
from app.vocabulary import AnswerState, AssetKind, HolderRole, RefusalReason, RequestStatus
from tests.integration.sandbox_hub import (
    DIALECT,
    HUB_KEY,
    POPULATION,
    HubSide,
    debtor,
    hub_side,
    link,
    order,
)

AGENCIES = tuple(agency.answering(Manner.AT_ONCE) for agency in (*STANDARD, SECOND_BANK))


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("agencies")
    with Fleet(folder, link(), AGENCIES, people=People(count=200)) as fleet:
        yield fleet


@pytest.fixture
async def bank(fleet: Fleet) -> AsyncIterator[HubSide]:
    async with hub_side(fleet, "BANK-ZC") as side:
        yield side


@pytest.fixture
async def land(fleet: Fleet) -> AsyncIterator[HubSide]:
    async with hub_side(fleet, "LAND-ZC") as side:
        yield side


# What is found


@pytest.mark.parametrize("agency", AGENCIES, ids=lambda agency: agency.code)
async def test_each_agency_reports_what_its_kind_keeps_and_nothing_else(
    fleet: Fleet, agency: SandboxAgency
) -> None:
    reported = set()
    async with hub_side(fleet, agency.code) as side:
        for about in POPULATION.debtors(12):
            answer = await side.answer(order(agency.code, about))
            reported |= {asset.kind for asset in answer.assets}
    assert reported
    assert reported <= KINDS[agency.kind].reports


async def test_the_banks_of_a_county_share_a_debtors_accounts_among_them(fleet: Fleet, bank: HubSide) -> None:
    for about in POPULATION.debtors(20):
        subject = POPULATION.find(about.number)
        if subject is None or subject.name != about.name:
            continue
        async with hub_side(fleet, "BANK-SQ") as other:
            here = await bank.answer(order("BANK-ZC", about))
            there = await other.answer(order("BANK-SQ", about))
        accounts = [
            asset.account_number for asset in (*here.assets, *there.assets) if isinstance(asset, BankAccount)
        ]
        assert sorted(accounts) == sorted(each.account_number for each in POPULATION.accounts(subject))


async def test_a_debtor_without_anything_is_an_answer(bank: HubSide) -> None:
    answer = await bank.answer(order("BANK-ZC", debtor(Part.DESTITUTE)))
    assert answer.state is AnswerState.NOTHING_FOUND
    assert not answer.assets


async def test_a_number_that_nobody_bears_is_an_answer(bank: HubSide) -> None:
    answer = await bank.answer(order("BANK-ZC", debtor(Part.STRANGER)))
    assert answer.state is AnswerState.NOTHING_FOUND


async def test_a_name_that_does_not_fit_its_number_is_a_mismatch_and_reveals_nothing(bank: HubSide) -> None:
    about = debtor(Part.MISWRITTEN)
    answer = await bank.answer(order("BANK-ZC", about))
    assert answer.state is AnswerState.MISMATCH
    assert not answer.assets
    right_name = POPULATION.characters()[Part.MISWRITTEN].person.name
    assert right_name not in answer.remark


async def test_numbers_that_lead_to_two_people_are_ambiguous_and_never_a_pick(bank: HubSide) -> None:
    one, other = debtor(Part.HOMONYM), debtor(Part.OTHER_HOMONYM)
    answer = await bank.answer(order("BANK-ZC", one, also_known_as=(other.number,)))
    assert answer.state is AnswerState.AMBIGUOUS
    assert not answer.assets


async def test_an_old_record_is_found_by_its_fifteen_digits_only(land: HubSide) -> None:
    about = debtor(Part.OLD_NUMBER)
    by_present_number = await land.answer(order("LAND-ZC", about))
    by_both = await land.answer(order("LAND-ZC", about, also_known_as=(fifteen_digits(about.number),)))
    assert by_present_number.state is AnswerState.NOTHING_FOUND
    assert by_both.state is AnswerState.FOUND


async def test_a_dispute_travels_with_the_fact(land: HubSide) -> None:
    answer = await land.answer(order("LAND-ZC", debtor(Part.DISPUTED)))
    (house,) = answer.assets
    assert house.disputed
    assert house.dispute_note


async def test_a_joint_owner_is_reported_as_one(bank: HubSide, land: HubSide) -> None:
    houses = await land.answer(order("LAND-ZC", debtor(Part.JOINT_WIFE)))
    accounts = await bank.answer(order("BANK-ZC", debtor(Part.JOINT_WIFE)))
    (house,) = houses.assets
    assert isinstance(house, RealEstate)
    assert house.holder_role is HolderRole.JOINT_OWNER
    assert len(house.holders) == 2
    assert HolderRole.JOINT_OWNER in {asset.holder_role for asset in accounts.assets}


async def test_the_police_know_of_a_death(fleet: Fleet) -> None:
    async with hub_side(fleet, "POLICE-ZC") as police:
        answer = await police.answer(order("POLICE-ZC", debtor(Part.DECEASED)))
    (identity,) = (asset for asset in answer.assets if isinstance(asset, IdentityRecord))
    assert identity.deceased_on is not None


# What is asked for


async def test_only_the_kinds_asked_for_are_reported(fleet: Fleet) -> None:
    scope = QueryScope(asset_kinds=(AssetKind.HOTEL_STAY,))
    async with hub_side(fleet, "POLICE-ZC") as police:
        answer = await police.answer(order("POLICE-ZC", debtor(Part.DEBTOR), scope=scope))
    assert {asset.kind for asset in answer.assets} == {AssetKind.HOTEL_STAY}


async def test_an_agency_is_not_competent_for_kinds_it_does_not_keep(bank: HubSide) -> None:
    scope = QueryScope(asset_kinds=(AssetKind.REAL_ESTATE,))
    answer = await bank.answer(order("BANK-ZC", debtor(Part.DEBTOR), scope=scope))
    assert answer.refusal is not None
    assert answer.refusal.reason is RefusalReason.NOT_COMPETENT


def booked(answer: Answer) -> list[date]:
    accounts = [asset for asset in answer.assets if isinstance(asset, BankAccount)]
    assert accounts
    return [entry.booked_at.date() for account in accounts for entry in account.transactions]


async def test_transactions_are_reported_for_a_period_with_both_ends_only(bank: HubSide) -> None:
    first, last = date(2026, 1, 1), date(2026, 3, 31)
    whole = QueryScope(transactions_from=first, transactions_to=last)
    half = QueryScope(transactions_from=first)
    days = booked(await bank.answer(order("BANK-ZC", debtor(Part.DEBTOR), scope=whole)))
    assert days
    assert all(first <= day <= last for day in days)
    assert not booked(await bank.answer(order("BANK-ZC", debtor(Part.DEBTOR), scope=half)))


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ({"documents": ()}, RefusalReason.DOCUMENT_MISSING),
        ({"officers": ()}, RefusalReason.CREDENTIALS_MISSING),
    ],
)
async def test_an_order_without_its_papers_is_refused_with_a_reason(
    bank: HubSide, missing: dict[str, object], reason: RefusalReason
) -> None:
    answer = await bank.answer(order("BANK-ZC", debtor(Part.DEBTOR), mandate=missing))
    assert answer.state is AnswerState.REFUSED
    assert answer.refusal is not None
    assert answer.refusal.reason is reason


# Once and again


async def test_a_repeat_gets_the_same_answer_and_has_no_second_effect(fleet: Fleet, bank: HubSide) -> None:
    asked = order("BANK-ZC", debtor(Part.DEBTOR))
    first, second = await bank.ask(asked), await bank.ask(asked, attempt=2)
    assert first == second
    books = fleet.books("BANK-ZC")
    arrivals = [arrival for arrival in books.requests() if arrival.request_id == asked.request_id]
    assert [arrival.possible_duplicate for arrival in arrivals] == [False, True]
    assert len({arrival.sha256 for arrival in arrivals}) == 1
    assert [effect.request_id for effect in books.effects()].count(asked.request_id) == 1
    assert books.duplicates()[asked.request_id] == 2


async def test_other_content_under_a_known_request_is_a_conflict_and_changes_nothing(
    fleet: Fleet, bank: HubSide
) -> None:
    asked = order("BANK-ZC", debtor(Part.DEBTOR))
    first = await bank.ask(asked)
    altered = replace(asked, subject=replace(asked.subject, name="他人"))
    with pytest.raises(MessageRejected, match="409"):
        await bank.ask(altered, attempt=2)
    assert await bank.ask(asked, attempt=3) == first
    books = fleet.books("BANK-ZC")
    assert books.altered_repeats() == {asked.request_id}


async def test_the_judge_sees_an_order_that_took_effect_under_two_requests(fleet: Fleet) -> None:
    asked = order("TAX-ZC", debtor(Part.CREDITOR))
    async with hub_side(fleet, "TAX-ZC") as tax:
        await tax.ask(asked)
        assert asked.order_id not in fleet.books("TAX-ZC").doubled_orders()
        await tax.ask(order("TAX-ZC", debtor(Part.CREDITOR), order_id=asked.order_id))
    assert fleet.books("TAX-ZC").doubled_orders()[asked.order_id] == 2


async def test_the_judge_sees_a_repeat_that_is_not_marked_as_one(fleet: Fleet, bank: HubSide) -> None:
    asked = order("BANK-ZC", debtor(Part.CREDITOR))
    await bank.ask(asked)
    await bank.ask(asked)
    unmarked = [request.request_id for request in fleet.books("BANK-ZC").unmarked_repeats()]
    assert asked.request_id in unmarked


# Where a request stands


async def test_a_request_that_never_came_is_unknown(bank: HubSide) -> None:
    report = await bank.status(order("BANK-ZC", debtor(Part.DEBTOR)).request_id)
    assert report.status is RequestStatus.UNKNOWN_REQUEST


async def test_an_answered_request_is_reported_with_its_answer(bank: HubSide) -> None:
    asked = order("BANK-ZC", debtor(Part.DEBTOR))
    answer = await bank.ask(asked)
    report = await bank.status(asked.request_id)
    assert report.status is RequestStatus.ANSWERED
    assert report.answers == (answer,)


async def test_an_answered_request_cannot_be_cancelled_any_more(fleet: Fleet, bank: HubSide) -> None:
    asked = order("BANK-ZC", debtor(Part.DEBTOR))
    await bank.ask(asked)
    report = await bank.cancel(asked.request_id)
    assert report.status is RequestStatus.ANSWERED
    (effect,) = (e for e in fleet.books("BANK-ZC").effects() if e.request_id == asked.request_id)
    assert effect.cancelled_at is None
    cancellations = fleet.books("BANK-ZC").requests(Operation.CANCELLATION)
    assert asked.request_id in [each.request_id for each in cancellations]


# Who is believed


async def post(fleet: Fleet, request: RequestParts, *, signed: bool = True) -> httpx.Response:
    headers = list(request.headers)
    if signed:
        headers += sign_request(request, HUB_KEY, datetime.now(UTC), new_nonce())
    async with httpx.AsyncClient() as client:
        return await client.post(request.target_uri, content=request.body, headers=headers)


def parts(fleet: Fleet, body: bytes, path: str = "/requests") -> RequestParts:
    url = fleet.running("BANK-ZC").url + path
    return RequestParts("POST", url, [(b"content-type", b"application/json")], body)


def encoded(asked: AssetQueryOrder) -> bytes:
    return DIALECT.encode(asked).body


async def test_an_unsigned_message_is_refused_and_noted(fleet: Fleet) -> None:
    asked = order("BANK-ZC", debtor(Part.DEBTOR))
    response = await post(fleet, parts(fleet, encoded(asked)), signed=False)
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "signature_refused"
    books = fleet.books("BANK-ZC")
    assert books.refused_messages()[-1].code == "signature_refused"
    assert asked.request_id not in books.arrivals()


async def test_a_key_that_is_not_the_hubs_is_refused(fleet: Fleet) -> None:
    stranger = SigningKey(HUB_KEY.key_id, Ed25519PrivateKey.generate())
    async with hub_side(fleet, "BANK-ZC", key=stranger) as side:
        with pytest.raises(MessageRejected, match="401"):
            await side.ask(order("BANK-ZC", debtor(Part.DEBTOR)))


async def test_a_recording_of_a_signed_message_is_refused(fleet: Fleet) -> None:
    request = parts(fleet, encoded(order("BANK-ZC", debtor(Part.DEBTOR))))
    signature = sign_request(request, HUB_KEY, datetime.now(UTC), new_nonce())
    recorded = replace(request, headers=[*request.headers, *signature])
    first = await post(fleet, recorded, signed=False)
    second = await post(fleet, recorded, signed=False)
    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["code"] == "message_replayed"


async def test_a_request_to_another_agency_is_refused(bank: HubSide) -> None:
    with pytest.raises(MessageRejected, match="404"):
        await bank.ask(order("BANK-SQ", debtor(Part.DEBTOR)))


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{}", 422, "malformed_message"),
        (b"not json", 422, "malformed_message"),
        (b"\xff\xfe", 422, "malformed_message"),
        (b"[" * 100_000, 422, "malformed_message"),
    ],
)
async def test_what_cannot_be_understood_is_refused_and_noted(
    fleet: Fleet, body: bytes, status: int, code: str
) -> None:
    response = await post(fleet, parts(fleet, body))
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert fleet.books("BANK-ZC").refused_messages()[-1].code == code


async def test_another_media_type_is_refused(fleet: Fleet) -> None:
    request = replace(parts(fleet, b"{}"), headers=[(b"content-type", b"text/plain")])
    assert (await post(fleet, request)).status_code == 415


async def test_a_body_over_the_limit_is_refused(fleet: Fleet) -> None:
    response = await post(fleet, parts(fleet, b" " * (8 * 1024 * 1024 + 1)), signed=False)
    assert response.status_code == 413


async def test_there_are_three_doors_and_no_other(fleet: Fleet) -> None:
    assert (await post(fleet, parts(fleet, b"{}", path="/anything"))).status_code == 404


async def test_a_later_answer_is_acknowledged_with_a_reference(tmp_path: Path) -> None:
    land = next(agency for agency in STANDARD if agency.code == "LAND-ZC")
    with Fleet(tmp_path, link(), (land,), people=People(count=200)) as fleet:
        async with hub_side(fleet, "LAND-ZC") as side:
            asked = order("LAND-ZC", debtor(Part.DISPUTED))
            first, second = await side.ask(asked), await side.ask(asked, attempt=2)
    assert isinstance(first, Acknowledged)
    assert first.agency_reference
    assert first.expected_at is not None
    assert first == second


async def test_what_two_registries_say_of_one_thing_is_the_same_thing(fleet: Fleet) -> None:
    about = debtor(Part.DEBTOR)
    async with hub_side(fleet, "POLICE-ZC") as police, hub_side(fleet, "VEHICLE-ZC") as registry:
        known = await police.answer(order("POLICE-ZC", about))
        registered = await registry.answer(order("VEHICLE-ZC", about))
    assert registered.assets
    assert {identity_of(asset) for asset in registered.assets} <= {identity_of(a) for a in known.assets}
