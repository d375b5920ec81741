"""The agency's word about freezes, mirrored: state, rank, what is really held, until when (P6).

The agency keeps the register. What it reports overwrites what the hub believed, unless the hub knows a newer word; a
report that cannot follow from what is on record is not applied but becomes a task (P10, P18).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.contract import Answer
from app.adapters.measures import FreezeContent, MeasureContent, MeasureReport, Notice, ReleaseContent, WhyNot
from app.crypto import Vault
from app.ids import new_id
from app.linkage.control.approving import iso_term
from app.linkage.control.contents import open_content, thing_index
from app.linkage.control.tasks import About, NewTask, task_of
from app.linkage.ledger import Ledger
from app.linkage.matters import Matter
from app.measures.terms import WARNING_DAYS, day_in_china
from app.measures.words import Nature, Reach, State
from app.models import ClaimEntry, Freeze
from app.models.claim import ClaimEntryKind
from app.models.freeze import HELD_SOMEWHERE, NEXT_FREEZE, FreezeState
from app.models.task import TaskKind
from app.vocabulary import MEASURES, EventType, OrderKind

_STATES = {state: FreezeState(state.value) for state in State}
_GONE = frozenset({WhyNot.FREEZE_UNKNOWN, WhyNot.ALREADY_ENDED})


@dataclass(frozen=True, slots=True)
class Mirror:
    """The freezes that the messages of one transaction are about, locked."""

    vault: Vault
    ledger: Ledger
    freezes: dict[tuple[UUID, bytes], Freeze]
    """By the freeze's request and the blind index of its thing."""

    def is_being_released(self, request_id: UUID) -> bool:
        """Whether every freeze of this request is to be released: then it is not sent again when its agency lost it."""
        states = [freeze.releasing for (named, _), freeze in self.freezes.items() if named == request_id]
        return bool(states) and all(states)

    def apply_answer(self, matter: Matter, answer: Answer) -> None:
        """Take over what an agency reports in answer to a measure."""
        request = matter.request
        assert request.content is not None
        content = open_content(self.vault, request.kind, request.content)
        for report in answer.measures:
            freeze = self._freeze_of(matter, content, report)
            if freeze is None:
                continue
            self._take(matter, freeze, report, answer.as_of)
            self._follow_up(matter, freeze, content, report, answer.as_of)
        if request.kind is OrderKind.FREEZE:
            self._missing(matter, answer)

    def apply_notice(self, matter: Matter, notice: Notice) -> None:
        """Take over what an agency tells by itself about a freeze; it may come before the answer, and then is the first word."""
        request = matter.request
        assert request.content is not None
        content = open_content(self.vault, request.kind, request.content)
        for report in notice.measures:
            freeze = self._freeze_of(matter, content, report)
            if freeze is not None:
                self._take(matter, freeze, report, notice.as_of)

    def _freeze_of(self, matter: Matter, content: MeasureContent, report: MeasureReport) -> Freeze | None:
        index = self._index(matter, report)
        if isinstance(content, FreezeContent):
            known = self.freezes.get((matter.request.id, index))
            return known or self._found_and_frozen(matter, content, report, index)
        return self.freezes.get((content.freeze_request_id, index))

    def _index(self, matter: Matter, report: MeasureReport) -> bytes:
        return thing_index(self.vault, matter.agency_code, report.kind, report.identity)

    def _found_and_frozen(
        self, matter: Matter, content: FreezeContent, report: MeasureReport, index: bytes
    ) -> Freeze | None:
        """A thing that was not named: found and frozen in one step, or frozen because it goes with one that was."""
        if report.state is None:
            return None
        request = matter.request
        freeze = Freeze(
            id=new_id(),
            court_id=request.court_id,
            case_id=request.case_id,
            party_id=request.party_id,
            agency_id=request.agency_id,
            order_id=request.order_id,
            request_id=request.id,
            case_number=matter.case_number,
            thing_kind=report.kind,
            identity_index=index,
            identity=self.vault.seal_text(report.identity, "freezes.identity"),
            nature=content.nature,
            limit=None if content.limit is Reach.WHOLE else report.limit,
            term=iso_term(content.term),
            state=FreezeState.ORDERED,
            state_at=request.created_at,
            currency=report.currency,
            transferred=Decimal(0),
            renewing=False,
            releasing=False,
            created_at=request.state_at,
        )
        self.ledger.rows.append(freeze)
        self.freezes[request.id, index] = freeze
        return freeze

    def _take(self, matter: Matter, freeze: Freeze, report: MeasureReport, as_of: datetime) -> None:
        if freeze.reported_at is not None and as_of < freeze.reported_at:
            return  # an older word, overtaken on its way
        if report.state is None:
            self._not_executed(matter, freeze, report, as_of)
            return
        state = _STATES[report.state]
        if state is not freeze.state and state not in NEXT_FREEZE[freeze.state]:
            self._difference(matter, freeze, {"hub": freeze.state.value, "agency": state.value})
            return
        before = (freeze.state, freeze.rank, freeze.held, freeze.limit, freeze.ends_at)
        freeze.rank = report.rank
        freeze.limit = report.limit
        freeze.held = report.held
        freeze.balance = report.balance
        freeze.received_at = report.received_at or freeze.received_at
        freeze.active_at = report.active_at
        freeze.ends_at = report.ends_at
        freeze.agency_number = report.agency_number or freeze.agency_number
        freeze.reported_at = as_of
        if state is not freeze.state:
            freeze.move_to(state, as_of)
        freeze.next_clock_at = next_clock(freeze, as_of)
        if before != (freeze.state, freeze.rank, freeze.held, freeze.limit, freeze.ends_at):
            self.ledger.announce(matter.event(EventType.FREEZE_CHANGED, **describe_freeze(freeze)))

    def _not_executed(self, matter: Matter, freeze: Freeze, report: MeasureReport, as_of: datetime) -> None:
        """An order without effect: a freeze that never came about, or an act on one that is not there any more.

        How the freeze stands is not taken from it: an older word that tells how it ended may still be under way.
        """
        freeze.why_not = report.why_not.value if report.why_not else None
        if freeze.state is FreezeState.ORDERED:
            freeze.reported_at = as_of
            freeze.move_to(FreezeState.NOT_EXECUTED, as_of)
            self.ledger.announce(matter.event(EventType.FREEZE_CHANGED, **describe_freeze(freeze)))
        elif report.why_not in _GONE and freeze.state in HELD_SOMEWHERE:
            self._difference(matter, freeze, {"hub": freeze.state.value, "agency": "gone"})

    def _follow_up(
        self,
        matter: Matter,
        freeze: Freeze,
        content: MeasureContent,
        report: MeasureReport,
        as_of: datetime,
    ) -> None:
        if isinstance(content, ReleaseContent) and report.state is not None:
            freeze.releasing = content.amount is None and freeze.state in HELD_SOMEWHERE
        elif matter.request.kind is OrderKind.RENEWAL:
            freeze.renewing = False
        elif matter.request.kind is OrderKind.TRANSFER and report.transferred:
            self._book_transfer(matter, freeze, report.transferred, as_of)
        elif matter.request.kind is OrderKind.CONVERSION and report.state is not None:
            freeze.case_number = matter.case_number
            freeze.case_id = matter.request.case_id
            freeze.party_id = matter.request.party_id
            freeze.nature = Nature.ENFORCEMENT

    def _book_transfer(self, matter: Matter, freeze: Freeze, amount: Decimal, as_of: datetime) -> None:
        """Money in, reconciled to its order by the agency's receipt."""
        freeze.transferred += amount
        self.ledger.rows.append(
            ClaimEntry(
                id=new_id(),
                case_id=matter.request.case_id,
                kind=ClaimEntryKind.TRANSFER,
                amount=amount,
                booked_on=day_in_china(as_of),
                request_id=matter.request.id,
                note=matter.agency_code,
                created_at=as_of,
            )
        )
        self.ledger.announce(
            matter.event(EventType.MONEY_TRANSFERRED, freeze_id=str(freeze.id), amount=str(amount))
        )

    def _missing(self, matter: Matter, answer: Answer) -> None:
        """Things that were named and about which the agency says nothing: they are not frozen as far as we know."""
        for (request_id, _), freeze in self.freezes.items():
            if request_id == matter.request.id and freeze.state is FreezeState.ORDERED:
                freeze.why_not = answer.refusal.reason.value if answer.refusal else "not_reported"
                freeze.move_to(FreezeState.NOT_EXECUTED, answer.as_of)
                self.ledger.announce(matter.event(EventType.FREEZE_CHANGED, **describe_freeze(freeze)))

    def _difference(self, matter: Matter, freeze: Freeze, data: dict[str, str]) -> None:
        new = NewTask(About.freeze(freeze), TaskKind.DIFFERENCE, dict(data))
        self.ledger.rows.append(task_of(new, matter.request.state_at))
        self.ledger.announce(
            matter.event(EventType.TASK_OPENED, kind=TaskKind.DIFFERENCE, freeze_id=str(freeze.id))
        )


async def load_mirror(session: AsyncSession, ledger: Ledger, matters: Collection[Matter]) -> Mirror | None:
    """Lock the freezes that measures among these matters are about; None when there are no measures."""
    measures = [matter.request for matter in matters if matter.request.kind in MEASURES]
    if not measures:
        return None
    # An act on one leg of a freeze may end the others, too: all that the freeze lies on is reported about.
    followed = select(Freeze.request_id).where(
        Freeze.id.in_([request.freeze_id for request in measures if request.freeze_id])
    )
    rows: Sequence[Freeze] = (
        await session.scalars(
            select(Freeze)
            .where(
                or_(
                    Freeze.request_id.in_([request.id for request in measures]),
                    Freeze.request_id.in_(followed),
                )
            )
            .order_by(Freeze.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).all()
    return Mirror(ledger.vault, ledger, {(row.request_id, row.identity_index): row for row in rows})


def next_clock(freeze: Freeze, now: datetime) -> datetime | None:
    """The next warning before the end, or the end itself; None while no term runs."""
    if freeze.ends_at is None or freeze.state not in HELD_SOMEWHERE:
        return None
    warnings = (freeze.ends_at - timedelta(days=days) for days in WARNING_DAYS)
    return min((at for at in warnings if at > now), default=freeze.ends_at)


def describe_freeze(freeze: Freeze) -> dict[str, str | int | None]:
    """What an event says of a freeze: sums and ranks, and nobody's name."""
    return {
        "freeze_id": str(freeze.id),
        "freeze_state": freeze.state.value,
        "rank": freeze.rank,
        "limit": _text(freeze.limit),
        "held": _text(freeze.held),
        "ends_at": freeze.ends_at.isoformat() if freeze.ends_at else None,
        "why_not": freeze.why_not,
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
