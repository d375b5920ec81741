"""What every dialect must do, ours or another's; see docs/ADDING_AN_AGENCY.md.

A dialect's samples stand in samples/<dialect>/: `encoded/` holds the bytes that `app.adapters.scaffold.ORDER`, a
status query and a cancellation of it become; every other folder holds one message as an agency sent it (`message.*`) and what it
decodes to (`expected.json`), with the words in it that must show nowhere else (`personal`).
"""

import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta, timezone
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.adapters.contract import (
    Answer,
    AssetQueryOrder,
    Decoded,
    Dialect,
    Operation,
    StatusReport,
    WireMessage,
    WireReply,
)
from app.adapters.registry import dialect as registered
from app.adapters.registry import known
from app.adapters.scaffold import REASON, create, decoded_as_recorded, encodings
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

    def decode(self, dialect: Dialect, body: bytes) -> Decoded:
        content_type = self.arrived["content_type"]
        if self.arrived["as"] == "callback":
            return dialect.decode_callback(content_type, body)
        reply = WireReply(self.arrived["status"], content_type, body)
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


def messages_about(dialect: Dialect, order: AssetQueryOrder) -> dict[str, WireMessage]:
    return {
        "request": dialect.encode(order),
        "status_query": dialect.encode_status_query(order.request_id),
        "cancellation": dialect.encode_cancellation(order.request_id, REASON),
    }


def test_encoding_the_same_order_again_gives_the_same_bytes(
    specimen: Specimen, order: AssetQueryOrder
) -> None:
    beijing = timezone(timedelta(hours=8))
    elsewhere = replace(
        order,
        asked_at=order.asked_at.astimezone(beijing),
        answer_due_at=order.answer_due_at.astimezone(beijing),
    )
    assert messages_about(specimen.dialect, order) == messages_about(specimen.dialect, elsewhere)


def test_encoding_gives_the_recorded_bytes(specimen: Specimen) -> None:
    """A new version of the hub repeats a request of the old one byte for byte (P3)."""
    recorded = {path.stem: path.read_bytes() for path in (specimen.folder / "encoded").iterdir()}
    assert encodings(specimen.dialect) == recorded


def test_each_encoded_message_says_what_it_is(specimen: Specimen, order: AssetQueryOrder) -> None:
    messages = messages_about(specimen.dialect, order)
    assert {name: message.operation for name, message in messages.items()} == {
        each.value: each for each in Operation
    }
    assert {message.request_id for message in messages.values()} == {order.request_id}
    assert len({message.message_id for message in messages.values()}) == len(messages)


def test_orders_differ_in_their_bytes(specimen: Specimen, order: AssetQueryOrder) -> None:
    other = replace(order, request_id=new_id())
    mine, others = messages_about(specimen.dialect, order), messages_about(specimen.dialect, other)
    for name, message in mine.items():
        assert message.body != others[name].body
        assert message.message_id != others[name].message_id


def test_the_request_id_survives_the_round_trip(specimen: Specimen, order: AssetQueryOrder) -> None:
    """An agency that gives back the spelling it was sent is understood."""
    fresh = new_id()
    sent = specimen.dialect.encode(replace(order, request_id=fresh)).body
    for sample in specimen.samples:
        old = UUID(sample.decoded["request_id"])
        spell = _spelling(old, sample.body)
        assert spell(fresh) in sent, f"{sample.name} spells the id otherwise than the request does"
        answered = sample.decode(specimen.dialect, sample.body.replace(spell(old), spell(fresh)))
        assert answered.request_id == fresh, sample.name


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
        decoded = sample.decode(specimen.dialect, sample.body)
        answers = decoded.answers if isinstance(decoded, StatusReport) else (decoded,)
        for answer in answers:
            instant = answer.as_of if isinstance(answer, Answer) else answer.expected_at
            assert instant is None or instant.utcoffset() == timedelta(0), sample.name


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
        if sample.arrived["as"] == "reply":
            with pytest.raises(MalformedAnswer):
                _arriving(sample, status=status).decode(specimen.dialect, sample.body)


def _arriving(sample: Sample, **otherwise: object) -> Sample:
    return replace(sample, arrived={**sample.arrived, **otherwise})


def test_nothing_personal_shows_in_a_repr(specimen: Specimen, order: AssetQueryOrder) -> None:
    about = (order.subject.name, order.subject.certificate.number, *order.subject.certificate.also_known_as)
    for message in (order, *messages_about(specimen.dialect, order).values()):
        assert _shown(message, about) == []
    for sample in specimen.samples:
        decoded = sample.decode(specimen.dialect, sample.body)
        assert _shown(decoded, sample.personal) == [], sample.name
        assert _shown(WireReply(200, "", sample.body), sample.personal) == [], sample.name


def test_an_order_that_does_not_fit_is_rejected_without_a_word_about_its_subject(
    specimen: Specimen, order: AssetQueryOrder
) -> None:
    name = "欧阳" * 100_000
    endless = replace(order, subject=replace(order.subject, name=name))
    error = _error_of(lambda: specimen.dialect.encode(endless))
    assert error is None or isinstance(error, MessageRejected)
    assert _shown(error, ("欧阳", order.subject.certificate.number)) == []


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
