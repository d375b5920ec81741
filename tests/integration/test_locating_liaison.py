"""Agencies that have people instead of an interface: what is asked becomes their task, what they say counts like any other."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.adapters.signing_keys import SigningKey
from app.clock import ManualClock
from app.dispatch.agency_requests import AgencyCarrier
from app.dispatch.directory import Directory
from app.dispatch.errands import Outcome
from app.keys import HUB_KEY_ID
from app.models.locating import EntryState, LocateState
from app.outbox.claim import claim
from app.outbox.settle import hold
from app.vocabulary import AuditAction, EventType, OrderKind
from tests.integration.conftest import OFFICER, Office
from tests.integration.dispatch_desk import LEASE
from tests.integration.locating_desk import LocatingDesk, furnish_locating
from tests.integration.test_api_agencies import an_agency
from tests.integration.test_api_cases import entries


class LiaisonDesk:
    """A police station without a computer, and a worker that carries what is to be carried."""

    def __init__(self, at: LocatingDesk, carrier: AgencyCarrier, person: dict[str, Any]) -> None:
        self.at = at
        self.carrier = carrier
        self.person = person

    async def work(self) -> None:
        """Carry all that is due for the station, as the worker does."""
        sessions = self.at.office.hub.sessions
        async with sessions.begin() as session:
            claims = (await claim(session, self.at.now, 100, LEASE)).items
        mine = [one for one in claims if one.lane == "agency:POLICE-XC"]
        async with sessions.begin() as session:
            await hold(session, mine)
            errands = await self.carrier.promise(session, mine, self.at.now)
        for errand in errands:
            reply = await errand.adapter.transport.exchange(errand.message, attempt=errand.attempt)
            decoded = errand.adapter.decode_reply(errand.message, reply)
            async with sessions.begin() as session:
                outcome = Outcome(errand, decoded, reply, self.at.now, self.at.now)
                await self.carrier.record(session, [outcome], self.at.now)

    async def tasks(self, **query: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.at.court.get("/v1/liaison-tasks", params=query)).json()[
            "items"
        ]
        return items

    async def say(self, task: dict[str, Any], **said: Any) -> Any:
        body = {"officer": OFFICER, "liaison_officer_id": self.person["id"], "said": said}
        return await self.at.court.post(f"/v1/liaison-tasks/{task['id']}/answer", json=body)


@pytest.fixture
async def desk(office: Office, clock: ManualClock) -> AsyncIterator[LiaisonDesk]:
    at = await furnish_locating(office, clock)
    agency = an_agency(
        code="POLICE-XC",
        name="乡派出所",
        kind="police",
        transport="liaison",
        keys=[],
        capabilities=sorted(OrderKind),
        settings={},
    )
    made = await office.administrator.post("/v1/agencies", json=agency)
    assert made.status_code == 201, made.text
    named = await office.administrator.post(
        "/v1/agencies/POLICE-XC/liaison-officers", json={"name": "周联络", "phone": "0370-7210120"}
    )
    assert named.status_code == 201, named.text
    key = SigningKey(HUB_KEY_ID, Ed25519PrivateKey.generate())
    carrier = AgencyCarrier(office.hub.keys.vault, Directory(key, clock, Path()), clock)
    yield LiaisonDesk(at, carrier, named.json())
    await carrier.aclose()


async def query(desk: LiaisonDesk) -> dict[str, Any]:
    demand = {
        "case_number": desk.at.desk.case["case_number"],
        "officer": OFFICER,
        "purpose": "查明财产",
        "agencies": {"codes": ["POLICE-XC"]},
    }
    asked = await desk.at.court.post("/v1/asset-queries", json=demand)
    assert asked.status_code == 202, asked.text
    await desk.work()
    (task,) = await desk.tasks(open=True)
    return task


async def test_a_request_becomes_a_task_with_a_clock_for_named_people(desk: LiaisonDesk) -> None:
    task = await query(desk)
    assert (task["kind"], task["state"], task["open"]) == ("asset_query", "acknowledged", True)
    read = (await desk.at.court.get(f"/v1/liaison-tasks/{task['id']}")).json()
    assert [person["name"] for person in read["liaison_officers"]] == ["周联络"]
    assert read["asked"]["subject"]["name"] == "谢成林"
    assert len(await entries(desk.at.office, AuditAction.LIAISON_TASK_READ)) == 1
    (told,) = await desk.at.desk.events(EventType.LIAISON_TASK_OPENED)
    assert told["liaison_task_id"] == task["id"]


async def test_what_people_say_counts_like_what_a_system_says(desk: LiaisonDesk) -> None:
    task = await query(desk)
    answer = {"type": "answer", "state": "nothing_found", "as_of": desk.at.now.isoformat()}
    said = await desk.say(task, **answer)
    assert said.status_code == 201, said.text
    assert (said.json()["disposition"], said.json()["state"]) == ("applied", "answered")
    assert said.json()["answered_by"] == desk.person["id"]
    assert await desk.tasks(open=True) == []
    (entry,) = await entries(desk.at.office, AuditAction.LIAISON_TASK_ANSWERED)
    assert (entry.officer, entry.agency_code) == (OFFICER, "POLICE-XC")
    again = await desk.say(task, **{**answer, "state": "ambiguous"})
    assert again.json()["disposition"] == "contradicting", "a second answer replaces nothing"


@pytest.mark.parametrize(
    "said",
    [
        {"type": "answer", "state": "found"},
        {"type": "answer", "state": "no_idea", "as_of": "2026-11-24T08:00:00Z"},
        {"type": "rumour"},
        {},
    ],
)
async def test_what_is_not_in_the_words_of_the_protocol_is_not_taken(
    desk: LiaisonDesk, said: dict[str, Any]
) -> None:
    task = await query(desk)
    refused = await desk.say(task, **said)
    assert (refused.status_code, refused.json()["code"]) == (422, "malformed_message")
    assert await desk.tasks(open=True) == [task]


async def test_only_people_whom_the_agency_names_answer_for_it(desk: LiaisonDesk) -> None:
    task = await query(desk)
    path = f"/v1/agencies/POLICE-XC/liaison-officers/{desk.person['id']}"
    await desk.at.office.administrator.patch(path, json={"active": False})
    answer = {"type": "answer", "state": "nothing_found", "as_of": desk.at.now.isoformat()}
    gone = await desk.say(task, **answer)
    assert (gone.status_code, gone.json()["code"]) == (409, "state_forbids")
    desk.person = {"id": str(UUID(int=7))}
    unknown = await desk.say(task, **answer)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")


async def test_another_court_sees_nothing_of_it(desk: LiaisonDesk) -> None:
    task = await query(desk)
    other = desk.at.office.other_court
    assert (await other.get("/v1/liaison-tasks")).json()["items"] == []
    assert (await other.get(f"/v1/liaison-tasks/{task['id']}")).status_code == 404


async def test_its_clock_runs_as_that_of_any_request(desk: LiaisonDesk) -> None:
    await query(desk)
    await desk.at.wait(hours=73)
    (task,) = await desk.tasks(open=True)
    assert task["overdue"]


async def test_a_station_without_a_computer_looks_out_sees_holds_and_confirms_the_recall(
    desk: LiaisonDesk,
) -> None:
    at = desk.at
    locate_id = await at.live(agencies={"codes": ["POLICE-XC"]})
    await desk.work()
    assert (await at.entries(locate_id))[0].state is EntryState.ACCEPTED
    (task,) = await desk.tasks(open=True)
    now = at.now.isoformat()
    await desk.say(task, type="answer", state="executed", as_of=now)
    assert (await at.entries(locate_id))[0].state is EntryState.ACTIVE
    seen = {
        "seen_at": now,
        "place": "乡集市",
        "source": "patrol",
        "confidence": "certain",
        "reporter": "周联络",
    }
    hit_id = str(UUID(int=11))
    said = await desk.say(task, type="hit", hit_id=hit_id, **seen)
    assert said.json()["disposition"] == "applied", said.text
    (hit,) = await at.hits(locate_id)
    assert (await at.judge(hit)).status_code == 200
    await desk.work()
    assert [each["kind"] for each in await desk.tasks(open=True)] == ["hit_decision"]
    held = {"hit_id": hit_id, "stage": "held", "at": now, "place": "乡派出所"}
    said = await desk.say(task, type="custody_notice", **held)
    assert said.json()["disposition"] == "applied", said.text
    (custody,) = await at.custodies(locate_id)
    taken = {"officer": OFFICER, "taken_over_at": now, "place": "乡派出所"}
    await at.court.post(f"/v1/custodies/{custody.id}/hand-over", json=taken)
    await at.strike()
    await desk.work()
    (recall,) = [each for each in await desk.tasks(open=True) if each["kind"] == "recall"]
    await desk.say(recall, type="answer", state="executed", as_of=now)
    assert (await at.locate(locate_id)).state is LocateState.ENDED


async def test_people_are_asked_in_the_hubs_own_words_only(office: Office) -> None:
    agency = an_agency(transport="liaison", dialect="template-1", keys=[], settings={})
    refused = await office.administrator.post("/v1/agencies", json=agency)
    assert (refused.status_code, refused.json()["code"]) == (422, "agency_settings_invalid")


async def test_an_agency_on_the_wire_has_an_address(office: Office) -> None:
    refused = await office.administrator.post("/v1/agencies", json=an_agency(settings={}))
    assert (refused.status_code, refused.json()["code"]) == (422, "agency_settings_invalid")
