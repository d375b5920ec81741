"""What every dialect must do, ours or another's; see docs/ADDING_AN_AGENCY.md.

A dialect's samples stand in samples/<dialect>/: `encoded/` holds the bytes that `app.adapters.scaffold.ORDERS` and what
is asked about them become; every other folder holds one message as an agency sent it (`message.*`) and what it decodes to
(`expected.json`), with the words in it that must show nowhere else (`personal`).
"""

import json
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.adapters.contract import (
    Acknowledged,
    AgencyOrder,
    Answer,
    AssetQueryOrder,
    Dialect,
    LookOutOrder,
    Operation,
    StatusReport,
    WireReply,
)
from app.adapters.locating import (
    CustodyNotice,
    Hit,
    HitDecisionContent,
    LocateContent,
    RecallContent,
    WatchNotice,
)
from app.adapters.measures import FreezeContent, LiveList, MeasureReport, Notice, Objection
from app.adapters.registry import dialect as registered
from app.adapters.registry import known
from app.adapters.scaffold import ORDERS, Said, create, decoded_as_recorded, encodings, messages
from app.errors import ExchangeError, MalformedAnswer, MessageRejected
from app.ids import new_id

SAMPLES = Path(__file__).parent / "samples"

EXAMPLES = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@dataclass(frozen=True)
class Sample:
    name: str
    arrived: dict[str, Any]
    body: bytes
    decoded: dict[str, Any]
    personal: tuple[str, ...]

    def decode(self, dialect: Dialect, body: bytes) -> Said:
        content_type = self.arrived["content_type"]
        if self.arrived["as"] == "callback":
            return dialect.decode_callback(content_type, body)
        reply = WireReply(self.arrived["status"], content_type, body)
        if self.arrived["as"] == "live_list":
            return dialect.decode_live_list(reply)
        return dialect.decode_reply(Operation(self.arrived["operation"]), reply)


@dataclass(frozen=True)
class Specimen:
    """A dialect with its recorded samples."""

    dialect: Dialect
    folder: Path

    @property
    def samples(self) -> list[Sample]:
        return [_sample(path.parent) for path in sorted(self.folder.glob("*/expected.json"))]


def _sample(folder: Path) -> Sample:
    expected = json.loads((folder / "expected.json").read_text())
    (message,) = folder.glob("message.*")
    return Sample(
        name=folder.name,
        arrived=expected["arrived"],
        body=message.read_bytes(),
        decoded=expected["decoded"],
        personal=tuple(expected["personal"]),
    )


SCAFFOLDED = "scaffolded-1"


@pytest.fixture(scope="session", params=[*known("dialect"), SCAFFOLDED])
def specimen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Specimen:
    """Every registered dialect, and one that was made a moment ago by the command for new ones."""
    if request.param != SCAFFOLDED:
        return Specimen(registered(request.param), SAMPLES / request.param)
    made = create(SCAFFOLDED, tmp_path_factory.mktemp("project"))
    spec = spec_from_file_location("scaffolded_1", made.module)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return Specimen(module.Scaffolded1Dialect(), made.samples)


BEIJING = timezone(timedelta(hours=8))


def elsewhere(order: AgencyOrder) -> AgencyOrder:
    """The same order, read back from a database session in another zone."""
    if isinstance(order, LookOutOrder) and isinstance(order.content, LocateContent):
        order = replace(
            order,
            content=replace(
                order.content,
                valid_from=order.content.valid_from.astimezone(BEIJING),
                valid_until=order.content.valid_until.astimezone(BEIJING),
            ),
        )
    return replace(
        order,
        asked_at=order.asked_at.astimezone(BEIJING),
        answer_due_at=order.answer_due_at.astimezone(BEIJING),
    )


def every(change: Callable[[AgencyOrder], AgencyOrder]) -> Mapping[str, AgencyOrder]:
    return {name: change(order) for name, order in ORDERS.items()}


def test_encoding_the_same_order_again_gives_the_same_bytes(specimen: Specimen) -> None:
    assert messages(specimen.dialect, every(elsewhere)) == messages(specimen.dialect, ORDERS)


def test_encoding_gives_the_recorded_bytes(specimen: Specimen) -> None:
    """A new version of the hub repeats a request of the old one byte for byte (P3)."""
    recorded = {path.stem: path.read_bytes() for path in (specimen.folder / "encoded").iterdir()}
    assert encodings(specimen.dialect) == recorded


def test_each_encoded_message_says_what_it_is(specimen: Specimen) -> None:
    spoken = messages(specimen.dialect, ORDERS)
    assert spoken.keys() >= {"request", "status_query", "cancellation"}
    for name, message in spoken.items():
        operation = Operation.REQUEST if name in ORDERS else Operation(name.split("-")[0])
        assert message.operation is operation, name
        assert name not in ORDERS or message.request_id == ORDERS[name].request_id
    assert len({message.message_id for message in spoken.values()}) == len(spoken)


def test_orders_differ_in_their_bytes(specimen: Specimen) -> None:
    mine = messages(specimen.dialect, ORDERS)
    others = messages(specimen.dialect, every(lambda order: replace(order, request_id=new_id())))
    for name in mine.keys() - {"live_list"}:
        assert mine[name].body != others[name].body
        assert mine[name].message_id != others[name].message_id


def test_the_request_id_survives_the_round_trip(specimen: Specimen, order: AssetQueryOrder) -> None:
    """An agency that gives back the spelling it was sent is understood."""
    fresh = new_id()
    sent = specimen.dialect.encode(replace(order, request_id=fresh)).body
    for sample in specimen.samples:
        decoded = sample.decode(specimen.dialect, sample.body)
        for old in _requests_of(decoded)[-1:]:  # the last, so that a list stays in order
            spell = _spelling(old, sample.body)
            assert spell(fresh) in sent, f"{sample.name} spells the id otherwise than the request does"
            answered = sample.decode(specimen.dialect, sample.body.replace(spell(old), spell(fresh)))
            assert _requests_of(answered)[-1] == fresh, sample.name


def _requests_of(decoded: Said) -> list[UUID]:
    if isinstance(decoded, LiveList):
        return [each.request_id for each in decoded.measures]
    return [decoded.request_id]


def _spelling(request_id: UUID, body: bytes) -> Callable[[UUID], bytes]:
    spellings: tuple[Callable[[UUID], bytes], ...] = (
        lambda each: str(each).encode(),
        lambda each: str(each).upper().encode(),
        lambda each: each.hex.encode(),
        lambda each: each.hex.upper().encode(),
    )
    return next(spell for spell in spellings if spell(request_id) in body)


def test_every_recorded_sample_decodes_to_the_answer_beside_it(specimen: Specimen) -> None:
    assert specimen.samples
    for sample in specimen.samples:
        decoded = sample.decode(specimen.dialect, sample.body)
        assert decoded_as_recorded(decoded) == sample.decoded, sample.name


def test_instants_are_handed_on_in_utc(specimen: Specimen) -> None:
    for sample in specimen.samples:
        for instant in _instants(sample.decode(specimen.dialect, sample.body)):
            assert instant is None or instant.utcoffset() == timedelta(0), sample.name


def _instants(decoded: Said) -> Iterator[datetime | None]:
    match decoded:
        case StatusReport():
            for answer in decoded.answers:
                yield from _instants(answer)
        case Acknowledged():
            yield decoded.expected_at
        case Objection():
            yield decoded.raised_at
        case Hit():
            yield decoded.seen_at
        case CustodyNotice():
            yield decoded.at
        case WatchNotice():
            yield decoded.happened_at
        case _:
            yield decoded.as_of
            for report in _reports(decoded):
                yield from (report.received_at, report.active_at, report.ends_at)


def _reports(decoded: Answer | Notice | LiveList) -> tuple[MeasureReport, ...]:
    if isinstance(decoded, LiveList):
        return tuple(each.measure for each in decoded.measures)
    return decoded.measures


def test_a_truncated_message_is_malformed(specimen: Specimen) -> None:
    for sample in specimen.samples:
        whole = sample.body.rstrip()
        for end in {*range(0, len(whole), 97), 0, 1, len(whole) // 2, len(whole) - 1}:
            with pytest.raises(MalformedAnswer):
                sample.decode(specimen.dialect, whole[:end])


@EXAMPLES
@given(body=st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_arbitrary_bytes_are_malformed(specimen: Specimen, body: bytes) -> None:
    for sample in specimen.samples[:3]:
        with pytest.raises(MalformedAnswer):
            sample.decode(specimen.dialect, body)


@EXAMPLES
@given(data=st.data())
def test_a_mutated_message_is_understood_or_malformed_and_leaks_nothing(
    specimen: Specimen, data: st.DataObject
) -> None:
    sample = data.draw(st.sampled_from(specimen.samples))
    start = data.draw(st.integers(0, len(sample.body)))
    end = data.draw(st.integers(start, min(len(sample.body), start + 40)))
    inserted = data.draw(st.binary(max_size=12) | st.sampled_from(HOSTILE))
    mutated = sample.body[:start] + inserted + sample.body[end:]
    error = _error_of(lambda: sample.decode(specimen.dialect, mutated))
    assert error is None or isinstance(error, MalformedAnswer)
    assert _shown(error, sample.personal) == []


HOSTILE = [
    b"",
    b"null",
    b"NaN",
    b"1e999999",
    b"9" * 5000,
    b"-0",
    b"\x00",
    b"\\u0000",
    b"\\ud800",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"<" * 1000,
    b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>',
]


@pytest.mark.parametrize(
    "hostile", [b"[" * 1_000_000, b'{"a":' * 500_000, b"9" * 1_000_000, b'"' * 3, b"{}", b"[]"]
)
def test_bombs_are_malformed(specimen: Specimen, hostile: bytes) -> None:
    for sample in specimen.samples:
        with pytest.raises(MalformedAnswer):
            sample.decode(specimen.dialect, hostile)
        with pytest.raises(MalformedAnswer):
            sample.decode(specimen.dialect, sample.body + hostile)


@pytest.mark.parametrize(
    "content_type", ["", "text/html", "application/octet-stream", "application/json; charset=gbk"]
)
def test_another_content_type_is_malformed(specimen: Specimen, content_type: str) -> None:
    for sample in specimen.samples:
        with pytest.raises(MalformedAnswer):
            _arriving(sample, content_type=content_type).decode(specimen.dialect, sample.body)


@pytest.mark.parametrize("status", [201, 203, 204, 206])
def test_a_status_that_the_protocol_does_not_have_is_malformed(specimen: Specimen, status: int) -> None:
    for sample in specimen.samples:
        if "status" in sample.arrived:
            with pytest.raises(MalformedAnswer):
                _arriving(sample, status=status).decode(specimen.dialect, sample.body)


def _arriving(sample: Sample, **otherwise: object) -> Sample:
    return replace(sample, arrived={**sample.arrived, **otherwise})


def test_nothing_personal_shows_in_a_repr(specimen: Specimen) -> None:
    for order in ORDERS.values():
        assert _shown(order, _personal(order)) == []
    for name, message in messages(specimen.dialect, ORDERS).items():
        assert _shown(message, _personal(ORDERS.get(name, ORDERS["request"]))) == []
    for sample in specimen.samples:
        decoded = sample.decode(specimen.dialect, sample.body)
        assert _shown(decoded, sample.personal) == [], sample.name
        assert _shown(WireReply(200, "", sample.body), sample.personal) == [], sample.name


def _personal(order: AgencyOrder) -> tuple[str, ...]:
    certificate = order.subject.certificate
    return (order.subject.name, certificate.number, *certificate.also_known_as, *_things(order))


def _things(order: AgencyOrder) -> Iterator[str]:
    if isinstance(order, AssetQueryOrder):
        return
    match order.content:
        case FreezeContent(targets):
            yield from (target.identity for target in targets)
        case LocateContent() as content:
            yield from (*content.last_known_places, *content.phones)
            yield from filter(None, [content.note])
            if content.vehicle:
                yield from (content.vehicle.plate_number, content.vehicle.vin)
        case RecallContent() | HitDecisionContent():
            pass
        case content:
            yield content.target.identity


def test_an_order_that_does_not_fit_is_rejected_without_a_word_about_its_subject(specimen: Specimen) -> None:
    for order in ORDERS.values():
        endless = replace(order, subject=replace(order.subject, name="欧阳" * 100_000))
        error = _error_of(partial(specimen.dialect.encode, endless))
        assert error is None or isinstance(error, MessageRejected)
        assert _shown(error, ("欧阳", *_personal(order))) == []


def _error_of(act: Callable[[], object]) -> ExchangeError | None:
    try:
        act()
    except ExchangeError as error:
        return error
    return None


def _shown(thing: object, personal: tuple[str, ...]) -> list[str]:
    if isinstance(thing, Exception):
        text = "".join(traceback.format_exception(thing)) + repr(thing) + repr(vars(thing))
    else:
        text = f"{thing!r} {thing!s}"
    return [word for word in personal if word in text]
