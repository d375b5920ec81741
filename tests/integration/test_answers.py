"""What agencies say, in every order and as often as they like: counted once, never overwritten (P9, P10)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from itertools import permutations
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.adapters.bank.assets import BankAccount
from app.adapters.contract import Answer
from app.clock import ManualClock
from app.ids import new_id
from app.linkage.messages import Fate
from app.models import AgencyAnswer, Asset
from app.models.agency_request import RequestState
from app.models.message import Disposition
from app.vocabulary import AnswerState, AuditAction, EventType, RequestStatus
from tests.integration.conftest import Office
from tests.integration.dispatch_desk import DispatchDesk, acknowledged, answer, dispatch_desk, report
from tests.integration.test_api_agencies import registered as registered_agency
from tests.integration.test_api_cases import entries


@pytest.fixture
async def desk(office: Office, clock: ManualClock) -> AsyncIterator[DispatchDesk]:
    async with dispatch_desk(office, clock) as desk:
        yield desk


def account(number: int, balance: str = "100.00") -> BankAccount:
    return BankAccount.model_validate(
        {
            "kind": "bank_account",
            "account_number": f"62220000000000{number:02}",
            "account_type": "个人结算账户",
            "status": "active",
            "balance": balance,
            "available_balance": balance,
            "branch": "城关支行",
        }
    )


def part(request_id: UUID, number: int, *, last: bool = False) -> Answer:
    state = AnswerState.FOUND if last else AnswerState.PARTIAL
    return answer(request_id, state, part=number, assets=(account(number),))


async def assets(desk: DispatchDesk, *, current: bool = True) -> int:
    async with desk.office.hub.sessions() as session:
        query = select(func.count()).select_from(Asset)
        if current:
            query = query.where(Asset.superseded_at.is_(None))
        return await session.scalar(query) or 0


async def dispositions(desk: DispatchDesk) -> list[Disposition]:
    async with desk.office.hub.sessions() as session:
        return list(await session.scalars(select(AgencyAnswer.disposition).order_by(AgencyAnswer.id)))


@pytest.mark.parametrize("order", list(permutations((0, 1, 2))))
async def test_parts_in_any_order_and_twice_make_one_whole(
    desk: DispatchDesk, order: tuple[int, ...]
) -> None:
    [request_id] = await desk.ask()
    await desk.record(await desk.send(), acknowledged(request_id))
    parts = [part(request_id, 1), part(request_id, 2), part(request_id, 3, last=True)]

    for place in order:
        first = await desk.post(parts[place])
        again = await desk.post(parts[place])
        assert first.fate is Fate.APPLIED
        assert again == replace(first, repeated=True)

    request = await desk.request(request_id)
    assert (request.state, request.answer_state) == (RequestState.ANSWERED, AnswerState.FOUND)
    assert await assets(desk, current=False) == 3
    assert await desk.told(request_id) == [
        EventType.REQUEST_ACKNOWLEDGED,
        EventType.REQUEST_PARTIALLY_ANSWERED,
        EventType.REQUEST_PARTIALLY_ANSWERED,
        EventType.REQUEST_ANSWERED,
    ]


async def test_a_part_number_is_given_once(desk: DispatchDesk) -> None:
    [request_id] = await desk.ask()
    await desk.record(await desk.send(), acknowledged(request_id))
    await desk.post(part(request_id, 1))
    assert (await desk.post(part(request_id, 1))).fate is Fate.CONTRADICTING
    assert await desk.state(request_id) is RequestState.PARTIALLY_ANSWERED
    assert await dispositions(desk) == [Disposition.APPLIED, Disposition.CONTRADICTING]


async def test_a_part_beyond_the_last_one_contradicts(desk: DispatchDesk) -> None:
    [request_id] = await desk.ask()
    await desk.record(await desk.send(), acknowledged(request_id))
    await desk.post(part(request_id, 2, last=True))
    assert (await desk.post(part(request_id, 3))).fate is Fate.CONTRADICTING
    assert (await desk.post(part(request_id, 1))).fate is Fate.APPLIED
    assert await desk.state(request_id) is RequestState.ANSWERED


async def test_parts_in_a_status_report_count_as_if_they_had_come_by_themselves(desk: DispatchDesk) -> None:
    [request_id] = await desk.ask()
    errand = await desk.send()
    one, two = part(request_id, 1), part(request_id, 2, last=True)
    await desk.post(one)

    await desk.record(errand, report(request_id, RequestStatus.ANSWERED, one, two))

    assert (await desk.post(two)).repeated
    assert await desk.state(request_id) is RequestState.ANSWERED
    assert await assets(desk, current=False) == 2


async def test_other_content_under_a_known_message_id_is_a_conflict_and_is_kept(desk: DispatchDesk) -> None:
    [request_id] = await desk.ask()
    await desk.record(await desk.send(), acknowledged(request_id))
    said = answer(request_id)
    await desk.post(said)

    receipt = await desk.post(replace(said, state=AnswerState.MISMATCH))

    assert receipt.fate is Fate.CONFLICT
    assert (await desk.request(request_id)).answer_state is AnswerState.NOTHING_FOUND
    assert len(await entries(desk.office, AuditAction.MESSAGE_REFUSED)) == 1


async def test_nobody_can_answer_what_was_never_sent(desk: DispatchDesk) -> None:
    [request_id] = await desk.ask()
    assert (await desk.post(answer(request_id))).fate is Fate.FOREIGN
    assert (await desk.post(answer(new_id()))).fate is Fate.FOREIGN
    assert await desk.state(request_id) is RequestState.QUEUED
    assert await desk.told(request_id) == []


async def test_only_the_addressee_may_answer(desk: DispatchDesk) -> None:
    await registered_agency(desk.office, code="BANK-X", keys=[])
    [request_id] = await desk.ask("BANK-ZC")
    await desk.record(await desk.send(), acknowledged(request_id))
    assert (await desk.post(answer(request_id), "BANK-X")).fate is Fate.FOREIGN
    assert await desk.state(request_id) is RequestState.ACKNOWLEDGED


async def test_two_agencies_may_use_the_same_message_id(desk: DispatchDesk) -> None:
    await registered_agency(desk.office, code="BANK-X", keys=[])
    requests = {code: (await desk.ask(code))[0] for code in ("BANK-ZC", "BANK-X")}
    for errand in await desk.promise(await desk.claim()):
        await desk.record(errand, acknowledged(errand.message.request_id))
    message_id = new_id()
    for code, request_id in requests.items():
        assert (await desk.post(answer(request_id, message_id=message_id), code)).fate is Fate.APPLIED


async def test_a_late_answer_is_kept_and_changes_nothing(desk: DispatchDesk) -> None:
    [request_id] = await desk.ask()
    await desk.record(await desk.send(), acknowledged(request_id))
    order_id = (await desk.request(request_id)).order_id
    await desk.office.court.post(f"/v1/asset-queries/{order_id}/cancellation")
    await desk.record(await desk.send(), report(request_id, RequestStatus.CANCELLED))

    receipt = await desk.post(part(request_id, 1, last=True))

    assert receipt.fate is Fate.LATE
    assert await desk.state(request_id) is RequestState.CANCELLED
    assert await assets(desk) == 0
    assert await dispositions(desk) == [Disposition.LATE]
    assert (await desk.told(request_id))[-1] is EventType.ANSWER_SET_ASIDE


async def test_not_yet_is_an_acknowledgement_and_no_answer(desk: DispatchDesk) -> None:
    [request_id] = await desk.ask()
    await desk.record(await desk.send(), answer(request_id, AnswerState.NOT_YET))
    request = await desk.request(request_id)
    assert (request.state, request.answer_state) == (RequestState.ACKNOWLEDGED, AnswerState.NOT_YET)
    await desk.post(answer(request_id))
    assert (await desk.request(request_id)).answer_state is AnswerState.NOTHING_FOUND


async def test_a_newer_report_of_a_thing_takes_the_place_of_the_older_which_stays_readable(
    desk: DispatchDesk,
) -> None:
    for balance in ("100.00", "40.00"):
        [request_id] = await desk.ask()
        said = answer(request_id, AnswerState.FOUND, assets=(account(1, balance),))
        await desk.record(await desk.send(), said)
        desk.wait(60)

    assert (await assets(desk), await assets(desk, current=False)) == (1, 2)
    async with desk.office.hub.sessions() as session:
        [current] = await session.scalars(select(Asset.amount).where(Asset.superseded_at.is_(None)))
    assert current == Decimal("40.00")
