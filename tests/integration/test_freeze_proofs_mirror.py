"""What long runs of courts, hub and agencies together have found: words of an agency that must not get lost."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from app.adapters.assets import WealthProduct
from app.adapters.contract import Answer
from app.adapters.measures import LiveMeasure, MeasureReport, Notice, WhyNot
from app.clock import ManualClock
from app.ids import new_id
from app.linkage.control.clocks import strike_freezes
from app.linkage.control.reconciling import Listed, reconcile
from app.linkage.messages import Fate
from app.measures.words import Change, State
from app.models import Freeze, Reconciliation
from app.models.freeze import FreezeState
from app.vocabulary import AnswerState, AuditAction
from tests.integration.conftest import Office
from tests.integration.control_desk import COURT_ACCOUNT, Desk, an_account, furnish, not_done, report
from tests.integration.test_api_cases import entries


@pytest.fixture
async def desk(office: Office, clock: ManualClock) -> Desk:
    return await furnish(office, clock)


async def freezes(desk: Desk) -> dict[str, Freeze]:
    """By the last digits of what they lie on, as it is shown."""
    async with desk.office.hub.sessions() as session:
        rows = await session.scalars(select(Freeze))
        vault = desk.office.hub.keys.vault
        return {vault.open_text(row.identity, "freezes.identity"): row for row in rows}


async def compare(desk: Desk, code: str, *measures: LiveMeasure) -> Reconciliation:
    """The agency's list of this hour says that these are live, and nothing else."""
    hub, now = desk.office.hub, desk.clock.now()
    freeze = next(iter((await freezes(desk)).values()))
    async with hub.sessions.begin() as session:
        listed = Listed(freeze.agency_id, code, now, measures)
        return await reconcile(session, hub.keys.vault, listed, now)


async def strike(desk: Desk, freeze: Freeze) -> None:
    async with desk.office.hub.sessions.begin() as session:
        await strike_freezes(session, [freeze.id], desk.clock.now())


async def answered(desk: Desk, order_id: str, at: datetime, *reports: MeasureReport) -> Fate:
    """What the agency said at an instant, heard now."""
    (request,) = await desk.requests(order_id)
    done = any(each.state for each in reports)
    state = AnswerState.EXECUTED if done else AnswerState.NOT_EXECUTED
    return await desk._receive(request, Answer(request.id, new_id(), state, at, measures=reports))


async def release(desk: Desk, freeze: Freeze) -> str:
    body = desk.signed("ruling", "release_notice", reason="已履行")
    answer = await desk.court.post(f"/v1/freezes/{freeze.id}/release", json=body)
    assert answer.status_code == 202, answer.text
    order_id: str = answer.json()["id"]
    return order_id


async def is_complete(desk: Desk) -> bool:
    """As the certificate of release says."""
    answer = await desk.court.post(desk.at("/release-certificates"))
    complete: bool = answer.json()["certificate"]["complete"]
    return complete


async def test_a_notice_that_comes_before_the_answer_is_the_first_word_of_what_was_found(desk: Desk) -> None:
    where = {"debtor_id": desk.debtor_id, "agencies": {"codes": ["BANK-ZC"]}, "limit": "5000.00"}
    order_id = (await desk.draft(query_and_freeze=[where])).json()["id"]
    await desk.decide(order_id)
    (request,) = await desk.requests(order_id)
    account, before = an_account(), desk.clock.now()
    waiting = report(account, before, state=State.WAITING, limit="5000.00", held="0.00", rank=2)
    desk.clock.advance(timedelta(minutes=1))
    promoted = report(account, desk.clock.now(), limit="5000.00", held="5000.00")
    told = Notice(request.id, new_id(), Change.PROMOTED, desk.clock.now(), (promoted,))

    await desk._receive(request, told)
    await answered(desk, order_id, before, waiting)

    (freeze,) = (await freezes(desk)).values()
    assert (freeze.state, freeze.rank, str(freeze.held)) == (FreezeState.IN_FORCE, 1, "5000.00")


async def test_a_transfer_that_uses_the_limit_up_ends_the_freeze_on_every_leg(desk: Desk) -> None:
    account = an_account("6217000000000000005")
    product = WealthProduct(
        product_number="LC1",
        product_name="稳健一号",
        product_account="81",
        return_account=account.account_number,
        total_amount=Decimal("3000.00"),
    )
    (asset_id,) = await desk.found("BANK-ZC", product)
    (freeze,) = await desk.ordered({"asset_id": asset_id, "limit": "2000.00"})
    (request,) = await desk.requests(str(freeze.order_id))
    now = desk.clock.now()
    legs = [
        report(account, now, limit="2000.00", held="2000.00"),
        report(product, now, limit="2000.00", held="0.00"),
    ]
    await desk.hear(request, *legs)
    on_account = (await freezes(desk))[account.account_number]
    body = desk.signed("ruling", "enforcement_notice", amount="2000.00", account=COURT_ACCOUNT)
    drafted = await desk.court.post(f"/v1/freezes/{on_account.id}/transfers", json=body)
    await desk.decide(drafted.json()["id"])

    gone: dict[str, Any] = {"state": State.EXHAUSTED, "rank": None, "limit": "0.00", "held": "0.00"}
    paid = report(account, now, **gone, transferred="2000.00")
    assert await answered(desk, drafted.json()["id"], now, paid, report(product, now, **gone)) is Fate.APPLIED

    states = {row.state for row in (await freezes(desk)).values()}
    assert states == {FreezeState.EXHAUSTED}


async def test_a_refused_release_hides_no_older_word_of_how_the_freeze_ended(desk: Desk) -> None:
    account = an_account()
    freeze = await desk.frozen("BANK-ZC", account, "5000.00")
    one, again = await release(desk, freeze), await release(desk, freeze)
    desk.clock.advance(timedelta(minutes=1))
    released_at = desk.clock.now()
    released = report(account, released_at, state=State.RELEASED, rank=None, limit="5000.00", held="0.00")
    desk.clock.advance(timedelta(minutes=1))

    await answered(desk, again, desk.clock.now(), not_done(account, WhyNot.ALREADY_ENDED))
    await answered(desk, one, released_at, released)

    assert (await desk.freeze(freeze.id)).state is FreezeState.RELEASED


async def test_seizure_27_a_freeze_lapses_at_its_end_whenever_the_clock_is_looked_at(desk: Desk) -> None:
    freeze = await desk.frozen("BANK-ZC", an_account(), "5000.00")
    assert freeze.ends_at is not None
    await desk.pass_until(freeze.ends_at + timedelta(hours=3))

    await strike(desk, freeze)

    lapsed = await desk.freeze(freeze.id)
    assert (lapsed.state, lapsed.state_at) == (FreezeState.LAPSED, freeze.ends_at)


async def test_a_lapse_is_confirmed_when_the_agencys_list_shows_it_no_more(desk: Desk) -> None:
    freeze = await desk.frozen("BANK-ZC", an_account(), "5000.00")
    assert freeze.ends_at is not None
    await desk.pass_until(freeze.ends_at + timedelta(hours=3))
    await strike(desk, freeze)
    assert not await is_complete(desk)

    assert (await compare(desk, "BANK-ZC")).differences == 0

    assert await is_complete(desk)


async def test_a_freeze_under_a_request_that_was_never_made_is_counted_and_recorded(desk: Desk) -> None:
    account = an_account()
    freeze = await desk.frozen("BANK-ZC", account, "5000.00")
    ours = report(account, freeze.received_at or desk.clock.now(), limit="5000.00", held="5000.00")
    ghost = report(an_account("6217000000000000006"), desk.clock.now(), limit="1.00", held="1.00")

    outcome = await compare(
        desk, "BANK-ZC", LiveMeasure(freeze.request_id, ours), LiveMeasure(new_id(), ghost)
    )

    assert (outcome.compared, outcome.differences) == (2, 1)
    (entry,) = await entries(desk.office, AuditAction.REGISTER_COMPARED)
    assert json.loads(entry.body)["detail"] == {"unknown_requests": "1"}
    assert await desk.tasks(kind="difference") == []


_PLANTED = 50
_SAME = 30
"""Freezes of which hub and agency say the same."""


async def test_of_fifty_planted_differences_every_one_is_a_task_and_nothing_else_is(desk: Desk) -> None:
    """P18: a freeze that the agency has lost, and ones whose rank, limit, held sum, end or state it says otherwise."""
    accounts = [an_account(f"62170000000000{number:05}", "50.00") for number in range(_PLANTED + _SAME)]
    asset_ids = await desk.found("BANK-ZC", *accounts)
    laid = await desk.ordered(*[{"asset_id": asset_id, "limit": "10.00"} for asset_id in asset_ids])
    by_number = dict(zip([account.account_number for account in accounts], laid, strict=True))
    now = desk.clock.now()
    listed = []
    for number, account in enumerate(accounts):
        freeze = by_number[account.account_number]
        await desk.in_force(freeze, account, "10.00", "10.00")
        planted = _PLANTINGS[number % len(_PLANTINGS)] if number < _PLANTED else {}
        if planted is not None:
            told = report(account, now, limit="10.00", held="10.00").model_copy(update=planted)
            listed.append(LiveMeasure(freeze.request_id, told))
    await desk.pass_until(now + timedelta(hours=1))

    outcome = await compare(desk, "BANK-ZC", *listed)

    assert (outcome.compared, outcome.differences) == (_PLANTED + _SAME, _PLANTED)
    tasks = await desk.tasks(kind="difference", limit=100)
    differing = {str(by_number[account.account_number].id) for account in accounts[:_PLANTED]}
    assert len(tasks) == _PLANTED
    assert {task["freeze_id"] for task in tasks} == differing

    again = await compare(
        desk, "BANK-ZC", *listed
    )  # the next day's list finds them again, and opens no second task
    assert again.differences == _PLANTED
    assert len(await desk.tasks(kind="difference", limit=100)) == _PLANTED


_PLANTINGS: tuple[dict[str, Any] | None, ...] = (
    None,
    {"rank": 2},
    {"limit": Decimal("9.00")},
    {"held": Decimal("0.01")},
    {"ends_at": datetime(2028, 1, 1, tzinfo=UTC)},
    {"state": State.WAITING},
)
"""What the agency says instead; None: nothing, as if it had never frozen."""
