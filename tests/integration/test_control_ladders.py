"""Who stands where on one thing, and what would become of it: the agency's word, and unknown shown as unknown."""

import time
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from app.adapters.facts import Mortgage, Seizure
from app.adapters.police.assets import IdentityRecord
from app.clock import ManualClock
from app.ids import new_id
from app.linkage.acting import Acting
from app.linkage.control.ladders import Rung, Source, ladder_of
from app.linkage.control.trying_out import IfReleased, WhatIfDemand, try_out
from app.measures.words import Change, State
from app.models.freeze import FreezeState
from app.vocabulary import AuditAction, SeizureKind
from tests.integration.conftest import Office
from tests.integration.control_desk import Desk, a_house, ahead, an_account, furnish, report
from tests.integration.test_api_cases import entries


@pytest.fixture
async def desk(office: Office, clock: ManualClock) -> Desk:
    return await furnish(office, clock)


async def ladder(desk: Desk, asset_id: str) -> dict[str, Any]:
    answer = await desk.court.get(f"/v1/assets/{asset_id}/freezes")
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def what_if(desk: Desk, asset_id: str, *steps: dict[str, str]) -> dict[str, Any]:
    answer = await desk.court.post(f"/v1/assets/{asset_id}/what-if", json={"steps": steps})
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


def rungs(view: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(each["rank"], each["source"], each["limit"], each["held"]) for each in view["rungs"]]


RELEASED = {"kind": "released", "rung": "rank-1"}


async def behind_b(desk: Desk, **of_b: Any) -> tuple[str, UUID]:
    """Court B is ahead with 40,000 of 50,000; ours waits at rank 2 and holds the other 10,000."""
    prior = ahead(1, "（2026）豫1422执5号", "40000.00", **of_b)
    account = an_account(money="10000.00", balance="50000.00", prior_freezes=[prior])
    (asset_id,) = await desk.found("BANK-ZC", account)
    (freeze,) = await desk.ordered({"asset_id": asset_id, "limit": "30000.00"})
    desk.clock.advance(timedelta(minutes=1))
    request = (await desk.requests(str(freeze.order_id)))[0]
    now = desk.clock.now()
    await desk.hear(
        request, report(account, now, limit="30000.00", held="10000.00", rank=2, balance="50000.00")
    )
    return asset_id, freeze.id


async def test_court_b_ahead_and_ours_behind_it(desk: Desk) -> None:
    asset_id, freeze_id = await behind_b(desk)
    looks = len(await entries(desk.office, AuditAction.FREEZES_READ))
    view = await ladder(desk, asset_id)
    assert rungs(view) == [(1, "reported", "40000.00", None), (2, "own", "30000.00", "10000.00")]
    first, second = view["rungs"]
    assert (first["authority"], first["case_number"]) == ("睢县人民法院", "（2026）豫1422执5号")
    assert (first["freeze_id"], second["freeze_id"]) == (None, str(freeze_id))
    assert (view["balance"], view["thing"]["name"]) == ("50000.00", "***************0001")
    assert len(await entries(desk.office, AuditAction.FREEZES_READ)) == looks + 1


async def test_what_if_court_b_is_released_today(desk: Desk) -> None:
    asset_id, _ = await behind_b(desk)
    view = await what_if(desk, asset_id, RELEASED)
    assert [(each["rank"], each["held"]) for each in view["before"]] == [(1, "40000.00"), (2, "10000.00")]
    assert [(each["name"], each["rank"], each["held"]) for each in view["after"]] == [
        ("rank-2", 1, "30000.00")
    ]
    assert (view["free_before"], view["free_after"], view["unknown"]) == ("0.00", "20000.00", [])


async def test_what_if_eighty_thousand_arrives(desk: Desk) -> None:
    asset_id, _ = await behind_b(desk)
    view = await what_if(desk, asset_id, {"kind": "money_arrives", "amount": "80000.00"})
    assert [each["held"] for each in view["after"]] == ["40000.00", "30000.00"]
    assert view["free_after"] == "60000.00"
    both = await what_if(desk, asset_id, {"kind": "money_arrives", "amount": "80000.00"}, RELEASED)
    assert both["free_after"] == "100000.00"
    assert rungs(await ladder(desk, asset_id))[1] == (2, "own", "30000.00", "10000.00")  # nothing was done


async def test_a_step_that_has_no_effect_says_why(desk: Desk) -> None:
    asset_id, _ = await behind_b(desk)
    view = await what_if(desk, asset_id, {"kind": "released", "rung": "rank-9"})
    (step,) = view["steps"]
    assert (step["effective"], step["ground"]) == (False, "freeze_unknown")
    assert step["zh"] == "无原冻结请求信息"
    assert view["before"] == view["after"]


async def test_a_sum_that_nobody_reported_stays_unknown(desk: Desk) -> None:
    prior = ahead(1, "（2026）豫1422执5号")
    account = an_account(money="10000.00", balance="50000.00", prior_freezes=[prior])
    (asset_id,) = await desk.found("BANK-ZC", account)
    assert rungs(await ladder(desk, asset_id)) == [(1, "reported", "unknown", None)]
    view = await what_if(desk, asset_id, {"kind": "money_arrives", "amount": "80000.00"})
    assert (view["after"][0]["held"], view["unknown"]) == (None, ["rank-1"])
    assert view["free_after"] is None


async def test_a_rank_of_which_nobody_said_who_holds_it_is_shown(desk: Desk) -> None:
    account = an_account(money="50000.00")
    (asset_id,) = await desk.found("BANK-ZC", account)
    (freeze,) = await desk.ordered({"asset_id": asset_id, "limit": "30000.00"})
    desk.clock.advance(timedelta(minutes=1))
    (request,) = await desk.requests(str(freeze.order_id))
    waiting = report(
        account, desk.clock.now(), state=State.WAITING, limit="30000.00", held="0.00", rank=3, active_at=None
    )
    await desk.hear(request, waiting)
    view = await ladder(desk, asset_id)
    assert [(each["rank"], each["source"], each["state"]) for each in view["rungs"]] == [
        (1, "unknown", "unknown"),
        (2, "unknown", "unknown"),
        (3, "own", "waiting"),
    ]


async def test_what_the_agencys_later_ranks_contradict_has_ended(desk: Desk) -> None:
    """P6: the agency's word is the truth."""
    asset_id, freeze_id = await behind_b(desk)
    freeze = await desk.freeze(freeze_id)
    account = an_account(balance="50000.00")
    now = desk.clock.now()
    await desk.notice(
        freeze, Change.PROMOTED, report(account, now, limit="30000.00", held="30000.00", rank=1)
    )
    view = await ladder(desk, asset_id)
    assert rungs(view) == [(1, "own", "30000.00", "30000.00")]
    assert [each["case_number"] for each in view["ended_since"]] == ["（2026）豫1422执5号"]


async def test_what_has_run_out_is_not_on_the_ladder(desk: Desk) -> None:
    """Seizure Rules §27."""
    prior = ahead(1, "（2025）豫1422执5号", "40000.00", ends_on="2026-11-23")
    (asset_id,) = await desk.found("BANK-ZC", an_account(prior_freezes=[prior]))
    view = await ladder(desk, asset_id)
    assert (view["rungs"], view["ended_since"]) == ([], [])


async def test_an_own_freeze_that_the_agency_reports_again_is_shown_once(desk: Desk) -> None:
    account = an_account()
    freeze = await desk.frozen("BANK-ZC", account, "30000.00")
    again = an_account(prior_freezes=[ahead(1, desk.case["case_number"], "30000.00")])
    (asset_id,) = await desk.found("BANK-ZC", again)
    view = await ladder(desk, asset_id)
    assert [each["freeze_id"] for each in view["rungs"]] == [str(freeze.id)]


async def test_anothers_asset_and_mere_information_have_no_ladder(desk: Desk, office: Office) -> None:
    (account, record) = await desk.found(
        "BANK-ZC", an_account(), IdentityRecord(name="谢成林", certificate_number="11010519491231002X")
    )
    for method, path, body in (("GET", "freezes", None), ("POST", "what-if", {"steps": [RELEASED]})):
        foreign = await office.other_court.request(method, f"/v1/assets/{account}/{path}", json=body)
        assert (foreign.status_code, foreign.json()["code"]) == (404, "not_found")
        mere = await office.court.request(method, f"/v1/assets/{record}/{path}", json=body)
        assert (mere.status_code, mere.json()["code"]) == (422, "not_freezable")


async def test_a_house_with_another_court_ahead_and_a_mortgage(desk: Desk) -> None:
    house = a_house(
        mortgages=[Mortgage(mortgagee="柘城农商银行", secured_amount=Decimal(200000))],
        seizures=[
            Seizure(authority="商丘市梁园区人民法院", kind=SeizureKind.WAITING),
            Seizure(authority="睢县人民法院", kind=SeizureKind.SEIZURE),
        ],
    )
    (asset_id,) = await desk.found("LAND-ZC", house)
    (freeze,) = await desk.ordered({"asset_id": asset_id})
    assert (await ladder(desk, asset_id))["awaiting"] == [str(freeze.id)]
    desk.clock.advance(timedelta(minutes=1))
    (request,) = await desk.requests(str(freeze.order_id))
    await desk.hear(
        request, report(house, desk.clock.now(), state=State.WAITING, rank=3, active_at=None, ends_at=None)
    )
    view = await ladder(desk, asset_id)
    assert [(each["rank"], each["authority"], each["state"]) for each in view["rungs"]] == [
        (1, "睢县人民法院", "in_force"),
        (2, "商丘市梁园区人民法院", "waiting"),
        (3, "柘城县人民法院", "waiting"),
    ]
    assert view["priority_rights"] == [{"right": "mortgage", "holder": "柘城农商银行", "amount": "200000"}]
    released = await what_if(desk, asset_id, RELEASED)
    assert [(each["name"], each["state"]) for each in released["after"]] == [
        ("rank-2", "in_force"),
        ("rank-3", "waiting"),
    ]
    both = await what_if(desk, asset_id, RELEASED, {"kind": "released", "rung": "rank-2"})
    assert [(each["name"], each["rank"], each["state"]) for each in both["after"]] == [
        ("rank-3", 1, "in_force")
    ]


async def test_a_what_if_among_a_thousand_waiting_freezes_takes_less_than_ten_milliseconds(
    desk: Desk,
) -> None:
    """Of the processor's time, and the best of several tries: the machine does other things, too."""
    asset_id, _ = await behind_b(desk)
    async with desk.office.hub.sessions() as session:
        acting = acting_for(desk)
        short = await ladder_of(session, acting, desk.office.hub.keys.vault, UUID(asset_id))
    long = replace(short, rungs=(short.rungs[0], *(waiting(rank, acting.at) for rank in range(2, 1002))))
    demand = WhatIfDemand(steps=(IfReleased(kind="released", rung="rank-1"),))

    def seconds() -> float:
        begun = time.process_time()
        tried = try_out(long, demand, acting.at)
        assert len(tried.after) == 1000
        return time.process_time() - begun

    assert min(seconds() for _ in range(20)) < 0.01


def waiting(rank: int, at: datetime) -> Rung:
    return Rung(
        name=f"rank-{rank}",
        rank=rank,
        source=Source.OTHER_COURT,
        state=FreezeState.WAITING,
        reach=None,
        limit=Decimal("10000.00"),
        as_of=at,
        case_number=f"（2026）豫1424执{rank}号",
        held=Decimal("0.00"),
        received_at=at,
    )


def acting_for(desk: Desk) -> Acting:
    return Acting(new_id(), "tests", desk.office.court_id, "豫1424", "tests-correlation", desk.clock.now())
