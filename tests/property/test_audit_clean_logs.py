"""No false alarm: whatever was logged, in whatever batches, a clean bundle verifies."""

from datetime import UTC
from io import BytesIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audit.bundle_format import BundleWriter, Header
from app.audit.checkpoint import Signer
from app.audit.entry import Actor, Entry
from app.audit.policy import Policy
from app.audit.proof import inclusion_proof
from app.audit.selection import Selection
from app.audit.tree import leaf_hash, root_of
from app.audit.verdict import Outcome
from app.audit.verify import verify_bundle

SIGNER = Signer("court.example/audit", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
POLICY = Policy.of(SIGNER.verifier)

texts = st.text(st.characters(codec="utf-8"), max_size=20)
names = st.text(st.characters(max_codepoint=127), min_size=1, max_size=8)
instants = st.datetimes(timezones=st.just(UTC))
entries = st.builds(
    Entry,
    entry_id=st.uuids(),
    recorded_at=instants,
    action=texts,
    actor=st.builds(Actor, kind=texts, id=texts),
    court_code=st.none() | texts,
    officer=st.none() | texts,
    case_number=st.none() | texts,
    purpose=st.none() | texts,
    subject_index=st.none() | st.binary(max_size=32),
    agency_code=st.none() | texts,
    order_id=st.none() | st.uuids(),
    request_id=st.none() | st.uuids(),
    message_id=st.none() | st.uuids(),
    digests=st.dictionaries(names, texts, max_size=2).map(lambda found: tuple(sorted(found.items()))),
    correlation_id=st.none() | texts,
    outcome=st.none() | texts,
    detail=st.dictionaries(names, texts, max_size=3),
)
logs = st.lists(entries, min_size=1, max_size=40)


@given(entries)
@settings(max_examples=300, deadline=None)
def test_every_entry_survives_its_bytes(entry: Entry) -> None:
    assert Entry.from_bytes(entry.to_bytes()) == entry


@given(logs, st.data())
@settings(max_examples=120, deadline=None)
def test_every_clean_log_verifies(log: list[Entry], data: st.DataObject) -> None:
    bodies = [entry.to_bytes() for entry in log]
    leaves = [leaf_hash(body) for body in bodies]
    earlier = data.draw(st.sets(st.integers(1, len(log)), max_size=4)) - {len(log)}
    writer = BundleWriter()
    parts = [writer.beginning(Header(None), SIGNER.sign(len(log), root_of(leaves)))]
    for size, (body, leaf) in enumerate(zip(bodies, leaves, strict=True), start=1):
        parts.append(writer.entry(size - 1, body, [leaf]))
        if size in earlier:
            parts.append(writer.checkpoint(SIGNER.sign(size, root_of(leaves[:size]))))
    verdict = verify_bundle(BytesIO(b"".join([*parts, writer.end()])), POLICY)
    assert (verdict.outcome, verdict.faults, verdict.entries) == (Outcome.GOOD, [], len(log))


@given(logs, st.data())
@settings(max_examples=120, deadline=None)
def test_every_clean_selection_verifies(log: list[Entry], data: st.DataObject) -> None:
    leaves = [leaf_hash(entry.to_bytes()) for entry in log]
    model = data.draw(st.sampled_from(log))
    selection = Selection(
        officer=data.draw(st.sampled_from([None, model.officer])),
        subject_index=data.draw(st.sampled_from([None, model.subject_index])),
        since=data.draw(st.sampled_from([None, model.recorded_at])),
    )
    writer = BundleWriter()
    parts = [writer.beginning(Header(selection), SIGNER.sign(len(log), root_of(leaves)))]
    for index, entry in enumerate(log):
        if selection.admits(entry):
            proof = inclusion_proof(index, len(log), lambda span: root_of(leaves[span.start : span.end]))
            parts.append(writer.entry(index, entry.to_bytes(), proof))
    verdict = verify_bundle(BytesIO(b"".join([*parts, writer.end()])), POLICY)
    assert (verdict.outcome, verdict.faults) == (Outcome.GOOD, [])
