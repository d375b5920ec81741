"""From an agency's row to its adapter, and what the adapter refuses whatever its dialect is."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import HttpUrl

from app.adapters import registry
from app.adapters.contract import Adapter, Answer, Operation, StatusReport, WireMessage, WireReply
from app.adapters.kinds import KINDS, with_deadlines
from app.adapters.measures import Objection
from app.adapters.profile import AgencyProfile, AgencySettings, Deadlines
from app.adapters.signatures import SigningKey
from app.clock import SystemClock
from app.errors import ErrorCode, MalformedAnswer, Refusal
from app.measures.words import ThingKind
from app.vocabulary import AgencyKind, AssetKind, OrderKind

REQUEST_ID = UUID("019a0c5e-1f00-7a10-8b20-5d3c9e0a41c1")
OTHER_ID = UUID("019a0c5e-1f00-7a10-8b20-5d3c9e0a41c2")
SENT = WireMessage(Operation.REQUEST, REQUEST_ID, REQUEST_ID, "application/json", b"{}")
ASKED = WireMessage(Operation.STATUS_QUERY, REQUEST_ID, REQUEST_ID, "application/json", b"{}")
VEHICLE = {
    "kind": "vehicle",
    "plate_number": "豫Z18A26",
    "plate_class": "小型汽车",
    "brand": "某某牌",
    "vin": "LZZTEST18A2600001",
    "status": "正常",
}


def profile(
    kind: AgencyKind = AgencyKind.BANK, dialect: str = "liandong-1", transport: str = "http"
) -> AgencyProfile:
    return AgencyProfile(
        agency_code="BANK-ZC",
        kind=kind,
        dialect=dialect,
        transport=transport,
        capabilities=frozenset({OrderKind.ASSET_QUERY}),
        settings=AgencySettings(endpoint=HttpUrl("https://bank.example/liandong")),
        keys={},
        hub_key=SigningKey("hub-1", Ed25519PrivateKey.generate()),
    )


def adapter(kind: AgencyKind = AgencyKind.BANK) -> Adapter:
    return registry.build_adapter(profile(kind), SystemClock(), Path("secrets"))


def found(request_id: UUID = REQUEST_ID) -> dict[str, object]:
    return {
        "protocol": "liandong/1",
        "type": "answer",
        "message_id": str(OTHER_ID),
        "request_id": str(request_id),
        "state": "found",
        "as_of": "2026-03-02T17:31:05+08:00",
        "assets": [VEHICLE],
    }


def reply(message: object) -> WireReply:
    return WireReply(200, "application/json", json.dumps(message).encode())


def test_an_agency_is_one_row() -> None:
    built = adapter()
    assert (built.agency_code, built.dialect.name) == ("BANK-ZC", "liandong-1")
    assert built.kind.reports == {AssetKind.BANK_ACCOUNT, AssetKind.WEALTH_PRODUCT}


def test_all_rows_of_a_protocol_share_one_dialect() -> None:
    assert adapter(AgencyKind.BANK).dialect is adapter(AgencyKind.LAND).dialect


@pytest.mark.parametrize(
    ("row", "field"), [(profile(dialect="fax-1"), "/dialect"), (profile(transport="fax"), "/transport")]
)
def test_a_row_that_names_what_is_not_installed_is_refused(row: AgencyProfile, field: str) -> None:
    with pytest.raises(Refusal) as caught:
        registry.build_adapter(row, SystemClock(), Path("secrets"))
    assert caught.value.code is ErrorCode.AGENCY_SETTINGS_INVALID
    assert [(error.field, error.code) for error in caught.value.fields] == [(field, "unknown_name")]


@pytest.fixture
def foreign_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package with a dialect, one under a name of ours, and one that is not there."""
    info = tmp_path / "province-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: province\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[liandong.dialects]\n"
        "province-1 = province_dialect:Province\n"
        "liandong-1 = province_dialect:Province\n"
        "broken-1 = province_dialect:Missing\n"
    )
    (tmp_path / "province_dialect.py").write_text(
        "from app.adapters.liandong.dialect import LiandongDialect\n"
        "class Province(LiandongDialect):\n"
        "    name = 'province-1'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    registry._installed.cache_clear()
    yield
    registry._installed.cache_clear()
    registry.dialect.cache_clear()


@pytest.mark.usefixtures("foreign_package")
def test_a_dialect_of_another_package_comes_in_by_its_entry_point() -> None:
    assert "province-1" in registry.known("dialect")
    assert registry.dialect("province-1").name == "province-1"


@pytest.mark.usefixtures("foreign_package")
def test_another_package_cannot_take_a_name_of_ours() -> None:
    assert registry.dialect("liandong-1").name == "liandong-1"


@pytest.mark.usefixtures("foreign_package")
def test_a_dialect_that_cannot_be_loaded_is_a_fault_of_the_row() -> None:
    with pytest.raises(Refusal) as caught:
        registry.dialect("broken-1")
    assert [(error.field, error.code) for error in caught.value.fields] == [("/dialect", "not_loadable")]


def test_every_kind_of_agency_has_its_profile() -> None:
    assert set(KINDS) == set(AgencyKind)
    assert set(AssetKind) == {kind for each in KINDS.values() for kind in each.reports}


def test_a_bank_answers_within_a_day_and_others_within_three() -> None:
    """DOMAIN: bank query 24 h, others three working days."""
    hours = {kind: each.deadlines.answer_hours for kind, each in KINDS.items()}
    assert hours == {kind: 24 if kind is AgencyKind.BANK else 72 for kind in AgencyKind}
    assert all(each.deadlines.remind_hours < each.deadlines.answer_hours for each in KINDS.values())


def test_an_agency_has_the_deadlines_of_its_kind_unless_it_names_its_own() -> None:
    plain = AgencySettings(endpoint=HttpUrl("https://bank.example"))
    own = AgencySettings(endpoint=HttpUrl("https://bank.example"), deadlines=Deadlines(answer_hours=50))
    assert with_deadlines(AgencyKind.BANK, plain).deadlines.answer_hours == 24
    assert with_deadlines(AgencyKind.BANK, own).deadlines.answer_hours == 50


def test_a_bank_that_reports_a_vehicle_is_not_understood() -> None:
    body = json.dumps(found()).encode()
    with pytest.raises(MalformedAnswer):
        adapter(AgencyKind.BANK).decode_callback("application/json", body)
    with pytest.raises(MalformedAnswer):
        adapter(AgencyKind.BANK).decode_reply(SENT, reply(found()))
    assert isinstance(adapter(AgencyKind.VEHICLE).decode_callback("application/json", body), Answer)
    assert isinstance(adapter(AgencyKind.POLICE).decode_reply(SENT, reply(found())), Answer)


def test_the_answers_in_a_status_report_are_held_to_the_same_rule() -> None:
    report = {
        "protocol": "liandong/1",
        "type": "status_report",
        "message_id": str(OTHER_ID),
        "request_id": str(REQUEST_ID),
        "status": "answered",
        "answers": [found()],
    }
    with pytest.raises(MalformedAnswer):
        adapter(AgencyKind.BANK).decode_reply(ASKED, reply(report))
    assert isinstance(adapter(AgencyKind.VEHICLE).decode_reply(ASKED, reply(report)), StatusReport)


def test_a_reply_about_another_request_is_not_taken_for_an_answer() -> None:
    with pytest.raises(MalformedAnswer):
        adapter(AgencyKind.VEHICLE).decode_reply(SENT, reply(found(OTHER_ID)))


def test_what_an_agency_does_not_offer_is_refused_before_anything_is_sent() -> None:
    able = adapter()
    able.require(OrderKind.ASSET_QUERY)
    unable = Adapter("BANK-ZC", frozenset(), able.kind, able.dialect, able.transport)
    with pytest.raises(Refusal) as caught:
        unable.require(OrderKind.ASSET_QUERY)
    assert caught.value.code is ErrorCode.AGENCY_INCAPABLE


# Measures ---------------------------------------------------------------------------------------------------------

THINGS = {
    ThingKind.ACCOUNT: {AgencyKind.BANK},
    ThingKind.WEALTH_PRODUCT: {AgencyKind.BANK},
    ThingKind.REAL_ESTATE: {AgencyKind.LAND},
    ThingKind.VEHICLE: {AgencyKind.VEHICLE},
    ThingKind.TAX_REFUND: {AgencyKind.TAX},
}
EARLIER, LATER = UUID(int=1), UUID(int=2)


def frozen(kind: ThingKind) -> dict[str, object]:
    return {"kind": kind, "identity": "18", "state": "in_force", "rank": 1}


def executed(kind: ThingKind) -> dict[str, object]:
    message = {**found(), "state": "executed", "measures": [frozen(kind)]}
    del message["assets"]
    return message


def noticed(kind: ThingKind) -> dict[str, object]:
    message = {**executed(kind), "type": "notice", "cause": "promoted"}
    del message["state"]
    return message


def listed(*request_ids: UUID) -> WireReply:
    return reply(
        {
            "protocol": "liandong/1",
            "type": "live_list",
            "message_id": str(OTHER_ID),
            "as_of": "2026-03-11T02:00:00+08:00",
            "measures": [
                {"request_id": str(each), "measure": frozen(ThingKind.ACCOUNT)} for each in request_ids
            ],
        }
    )


def understood(act: Callable[[], object]) -> bool:
    try:
        act()
    except MalformedAnswer:
        return False
    return True


@pytest.mark.parametrize("thing", ThingKind)
@pytest.mark.parametrize("message", [executed, noticed])
def test_an_agency_controls_only_what_its_kind_keeps(
    thing: ThingKind, message: Callable[[ThingKind], dict[str, object]]
) -> None:
    body = json.dumps(message(thing)).encode()
    able = {
        kind
        for kind in AgencyKind
        if understood(lambda kind=kind: adapter(kind).decode_callback("application/json", body))  # type: ignore[misc]
    }
    assert able == THINGS[thing]


def test_a_measure_that_a_kind_does_not_have_is_refused_wherever_it_comes_from() -> None:
    report = {
        "protocol": "liandong/1",
        "type": "status_report",
        "message_id": str(OTHER_ID),
        "request_id": str(REQUEST_ID),
        "status": "answered",
        "answers": [executed(ThingKind.VEHICLE)],
    }
    bank = adapter(AgencyKind.BANK)
    assert not understood(lambda: bank.decode_reply(ASKED, reply(report)))
    assert not understood(lambda: bank.decode_reply(SENT, reply(executed(ThingKind.VEHICLE))))
    assert not understood(lambda: adapter(AgencyKind.LAND).decode_live_list(listed(EARLIER)))


def test_every_thing_is_controlled_by_somebody_and_nothing_by_the_police() -> None:
    assert set(ThingKind) == {thing for each in KINDS.values() for thing in each.controls}
    assert not KINDS[AgencyKind.POLICE].controls


def test_a_list_that_goes_back_is_refused_for_it_would_never_end() -> None:
    bank = adapter(AgencyKind.BANK)
    assert len(bank.decode_live_list(listed(EARLIER, LATER)).measures) == 2
    assert [each.request_id for each in bank.decode_live_list(listed(LATER), after=EARLIER).measures] == [
        LATER
    ]
    for again in ((EARLIER,), (EARLIER, LATER)):
        assert not understood(lambda again=again: bank.decode_live_list(listed(*again), after=EARLIER))  # type: ignore[misc]


def test_an_objection_is_about_no_kind_of_thing() -> None:
    objection = {
        "protocol": "liandong/1",
        "type": "objection",
        "message_id": str(OTHER_ID),
        "request_id": str(REQUEST_ID),
        "raised_at": "2026-03-03T09:05:00+08:00",
        "grounds": ["beyond_duty"],
        "text": "超出协助职责",
    }
    body = json.dumps(objection).encode()
    assert isinstance(adapter(AgencyKind.POLICE).decode_callback("application/json", body), Objection)
