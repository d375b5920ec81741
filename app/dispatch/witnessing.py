"""Has the log's witnesses cosign its newest checkpoint, all of them the same one, and raises the alarm when they do not.

No transaction is open while a witness is asked. One worker at a time asks; any of them may.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.adapters.transports.wire import WireTransport
from app.adapters.transports.wire_connection import Reply, WireLimits
from app.adapters.transports.wire_errors import MaybeSent, NeverSent
from app.audit.checkpoint import Signer, open_checkpoint
from app.audit.cosignature import cosigned_at, only_by
from app.audit.note import NoteError, read_note, read_signatures
from app.audit.policy import Policy, Witness, read_policy
from app.audit.published import Published, newest_checkpoint
from app.audit.sequencer import lag
from app.audit.stored_tree import StoredTree
from app.audit.tree import consistency_path
from app.audit.witness_policy import Standing, Told, adopt, begin_round, end_round, standing, with_logs
from app.audit.witness_protocol import ADD_CHECKPOINT, MAX_REQUEST_BYTES, AddCheckpoint, read_size_answer
from app.clock import Clock
from app.keys import Keys
from app.settings import Settings

EVERY = timedelta(seconds=5)
"""Between two rounds: how soon an entry is witnessed."""

REFRESH = timedelta(seconds=60)
"""An unchanged log is cosigned anew so often, so that its witnesses still vouch for it."""

SEQUENCER_BEHIND = timedelta(seconds=60)
"""Entries that wait longer for their place are no part of what is witnessed: then nothing is."""

_LIMITS = WireLimits(
    connect_seconds=2, read_seconds=4, total_seconds=6, max_connections=64, max_body_bytes=MAX_REQUEST_BYTES
)
_AHEAD = "ahead"
_CONTRADICTS = "contradicts"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Question:
    witness: Witness
    size: int
    """What the witness cosigned last."""

    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Round:
    policy: Policy
    head: Published
    questions: tuple[_Question, ...]


async def put_policy_in_force(engine: AsyncEngine, settings: Settings, keys: Keys, clock: Clock) -> None:
    """The policy that the settings name, with the log's own keys put before it; or none.

    Raises:
        MalformedPolicy, OSError: it cannot be used; the text says why.
    """
    text = None
    if settings.audit_witnesses is not None:
        signer = Signer(settings.audit_origin, keys.audit, keys.audit_retiring)
        url = f"{str(settings.public_url).rstrip('/')}/transparency"
        given = await asyncio.to_thread(settings.audit_witnesses.read_text, encoding="utf-8")
        text = with_logs(given, signer.verifiers, url)
    limit = timedelta(seconds=settings.audit_witness_limit_seconds)
    async with engine.begin() as connection:
        await adopt(connection, text, limit, clock.now())


class Witnessing:
    """Asks the witnesses of the policy in force. It owns connections: `aclose` it."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._wire = WireTransport(_LIMITS)

    async def run(self, stop: asyncio.Event, every_seconds: float = 1.0) -> None:
        """Until `stop`; outlives a database that is away."""
        while not stop.is_set():
            try:
                await self.ask_once()
            except SQLAlchemyError as error:
                _log.warning("audit.witnessing_waits", reason=type(error).__name__)
            try:
                await asyncio.wait_for(stop.wait(), every_seconds)
            except TimeoutError:
                continue

    async def aclose(self) -> None:
        await self._wire.aclose()

    async def ask_once(self) -> Standing | None:
        """One round with all witnesses; None when there is nothing to ask."""
        async with self._engine.begin() as connection:
            begun = await self._begin(connection)
        if begun is None:
            return None
        told = await asyncio.gather(*(self._ask(begun, question) for question in begun.questions))
        async with self._engine.begin() as connection:
            found = await end_round(connection, begun.head.size, told)
        self._raise_alarm(found, told)
        return found

    async def _begin(self, connection: AsyncConnection) -> _Round | None:
        now = self._clock.now()
        found = await standing(connection)
        head = await newest_checkpoint(connection)
        if found is None or head is None or _is_fresh(found, head, now):
            return None
        waiting_since = (await lag(connection)).oldest_recorded_at
        if waiting_since is not None and now - waiting_since > SEQUENCER_BEHIND:
            _log.error("audit.sequencer_behind", seconds=(now - waiting_since).total_seconds())
            return None
        asked = await begin_round(connection, now, EVERY)
        if asked is None:
            return None
        policy = read_policy(found.text)
        tree = StoredTree(head.size)
        questions = []
        for witness in policy.witnesses:
            # A witness that saw more than we have is asked, too: that it says so is the alarm.
            old = min(asked.get(witness.name, 0), head.size)
            questions.append(_Question(witness, old, await _proof(connection, tree, old)))
        return _Round(policy, head, tuple(questions))

    async def _ask(self, asking: _Round, question: _Question) -> Told:
        """At most twice: a witness that has seen more than we remember tells how much."""
        told = await self._ask_from(asking, question)
        if told.failure != _AHEAD or not question.size < told.size <= asking.head.size:
            return told
        async with self._engine.connect() as connection:
            proof = await _proof(connection, StoredTree(asking.head.size), told.size)
        return await self._ask_from(asking, _Question(question.witness, told.size, proof))

    async def _ask_from(self, asking: _Round, question: _Question) -> Told:
        witness = question.witness
        if urlsplit(witness.url or "").scheme not in {"http", "https"}:
            return Told(witness.name, question.size, None, None, "no address in the policy")
        request = AddCheckpoint(question.size, question.proof, _log_signatures_only(asking))
        try:
            reply = await self._wire.exchange(
                "POST", f"{(witness.url or '').rstrip('/')}/{ADD_CHECKPOINT}", (), request.to_bytes()
            )
            return _read(asking, question, reply)
        except (NeverSent, MaybeSent) as error:
            return Told(witness.name, question.size, None, None, str(error))
        except (
            ValueError
        ) as error:  # NoteError is one: an answer that is none, or a cosignature that is not true
            return Told(witness.name, question.size, None, None, f"unusable answer: {error}")

    def _raise_alarm(self, found: Standing | None, told: list[Told]) -> None:
        for one in told:
            if one.failure in {_AHEAD, _CONTRADICTS}:
                # It holds a history that is not ours: the log was cut back, restored from a backup, or forked.
                _log.error("audit.witness_contradicts", witness=one.name, failure=one.failure, size=one.size)
            elif one.failure is not None:
                _log.warning("audit.witness_missing", witness=one.name, failure=one.failure)
        if found is not None and not found.is_witnessed(self._clock.now()):
            _log.error("audit.not_witnessed", since=str(found.witnessed_at or found.adopted_at))


def _is_fresh(found: Standing, head: Published, now: datetime) -> bool:
    return (
        found.witnessed_size == head.size
        and found.witnessed_at is not None
        and now - found.witnessed_at < REFRESH
    )


async def _proof(connection: AsyncConnection, tree: StoredTree, old: int) -> tuple[bytes, ...]:
    """From the tree of `old` leaves; none is needed from the empty one."""
    return (
        ()
        if old == 0
        else tuple([await tree.root_of(connection, span) for span in consistency_path(old, tree.size)])
    )


def _log_signatures_only(asking: _Round) -> str:
    note = read_note(asking.head.note)
    return f"{note.text}\n{''.join(map(str, only_by(asking.policy.log_keys, note.signatures)))}"


def _read(asking: _Round, question: _Question, reply: Reply) -> Told:
    """Raises ValueError for an answer that is none."""
    witness = question.witness
    match reply.status:
        case 200:
            return _cosigned(asking, question, reply.body.decode())
        case 409:
            return Told(witness.name, read_size_answer(reply.body), None, None, _AHEAD)
        case 422:
            return Told(witness.name, question.size, None, None, _CONTRADICTS)
        case status:
            return Told(witness.name, question.size, None, None, f"status {status}")


def _cosigned(asking: _Round, question: _Question, lines: str) -> Told:
    witness, head = question.witness, asking.head
    own = "".join(map(str, only_by([witness.key], read_signatures(lines))))
    note = read_note(_log_signatures_only(asking) + own)
    checkpoint = open_checkpoint(_log_signatures_only(asking), *asking.policy.log_keys)
    time = cosigned_at(note, checkpoint, witness.key)
    if time is None:
        raise NoteError("no cosignature by the key of the policy")
    return Told(witness.name, head.size, own, datetime.fromtimestamp(time, UTC), None)
