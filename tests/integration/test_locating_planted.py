"""Five hundred dead entries among five thousand: each is recalled, each recall confirmed or overdue on a list, none forgotten."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.contract import Answer
from app.clock import ManualClock
from app.ids import new_id
from app.linkage.answers import apply
from app.linkage.ledger import Ledger
from app.linkage.matters import lock_matters
from app.linkage.messages import Fate, Received
from app.models import Agency, AgencyRequest, Base, Case, ClaimEntry, LocateEntry, LocateRequest, Order, Party
from app.models.agency_request import RequestState
from app.models.claim import ClaimEntryKind
from app.models.locating import EntryState, LocateState
from app.rows import insert_rows
from app.vocabulary import AnswerState, CaseStatus
from tests.integration.conftest import Office
from tests.integration.locating_desk import LocatingDesk, furnish_locating

ALL, DEAD, SILENT = 5000, 500, 100
GROUNDS = ("paid", "closed", "expired", "not_validated")


def copy(row: Base, **changes: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns} | changes


@dataclass
class Plot:
    """Copies of one live request, each in a case of its own, entered and active at two holders."""

    case: Case
    party: Party
    order: Order
    locate: LocateRequest
    requests: Sequence[AgencyRequest]
    entries: Sequence[LocateEntry]
    rows: dict[type[Base], list[dict[str, Any]]] = field(default_factory=dict)
    dead: set[UUID] = field(default_factory=set)

    @classmethod
    async def of(cls, session: AsyncSession, locate_id: str) -> Self:
        locate = await session.get_one(LocateRequest, UUID(locate_id))
        entries = await session.scalars(
            select(LocateEntry).where(LocateEntry.locate_id == locate.id).order_by(LocateEntry.request_id)
        )
        requests = await session.scalars(
            select(AgencyRequest).where(AgencyRequest.order_id == locate.order_id).order_by(AgencyRequest.id)
        )
        return cls(
            await session.get_one(Case, locate.case_id),
            await session.get_one(Party, locate.party_id),
            await session.get_one(Order, locate.order_id),
            locate,
            requests.all(),
            entries.all(),
        )

    def plant(self, n: int, ground: str | None, at: LocatingDesk) -> None:
        case_id, party_id, order_id, locate_id = (new_id() for _ in range(4))
        number = f"（2018）豫1424执{10_000 + n}号"
        closed = {"status": CaseStatus.CLOSED} if ground == "closed" else {}
        self._add(copy(self.case, id=case_id, case_number=number, **closed), Case)
        self._add(copy(self.party, id=party_id, case_id=case_id), Party)
        about = {"case_id": case_id, "party_id": party_id}
        self._add(copy(self.order, id=order_id, case_id=case_id), Order)
        clocks = {"next_clock_at": at.now}
        if ground == "expired":
            clocks["valid_until"] = at.now
        elif ground == "not_validated":
            clocks["revalidate_at"] = at.now
        self._add(copy(self.locate, id=locate_id, order_id=order_id, **about, **clocks), LocateRequest)
        for request, entry in zip(self.requests, self.entries, strict=True):
            request_id = new_id()
            self._add(copy(request, id=request_id, order_id=order_id, **about), AgencyRequest)
            self._add(copy(entry, id=new_id(), locate_id=locate_id, request_id=request_id), LocateEntry)
        if ground == "paid":
            self._add(_payment(case_id, at), ClaimEntry)
        if ground is not None:
            self.dead.add(locate_id)

    def _add(self, row: dict[str, Any], model: type[Base]) -> None:
        self.rows.setdefault(model, []).append(row)


def _payment(case_id: UUID, at: LocatingDesk) -> dict[str, Any]:
    return {
        "id": new_id(),
        "case_id": case_id,
        "kind": ClaimEntryKind.PAYMENT,
        "amount": Decimal("85000.00"),
        "booked_on": at.now.date(),
        "note": "已履行",
        "created_at": at.now,
    }


async def confirm(at: LocatingDesk, recalls: Sequence[AgencyRequest]) -> None:
    """The holders of these say that the entry has ended: all in one transaction, as a worker records them."""
    async with at.office.hub.sessions.begin() as session:
        codes = dict((await session.execute(select(Agency.id, Agency.code))).all())
        matters = await lock_matters(session, [recall.id for recall in recalls])
        messages = []
        for matter in matters.values():
            matter.request.times_sent = 1
            matter.request.move_to(RequestState.SENT, at.now)
            said = Answer(matter.request.id, new_id(), AnswerState.EXECUTED, at.now)
            agency_id = matter.request.agency_id
            raw = said.message_id.bytes
            messages.append(
                Received(agency_id, codes[agency_id], "reply", said, "application/json", raw, None, at.now)
            )
        ledger = Ledger(at.office.hub.keys.vault)
        receipts = await apply(session, ledger, matters, messages)
        await ledger.write(session, at.now)
    assert {receipt.fate for receipt in receipts} == {Fate.APPLIED}


async def overdue(at: LocatingDesk) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = []
    query: dict[str, Any] = {"overdue": True, "limit": 60}
    while True:
        page = (await at.court.get("/v1/locate-entries/recalling", params=query)).json()
        listed += page["items"]
        if page["next"] is None:
            return listed
        query["after"] = page["next"]


async def test_of_five_hundred_dead_entries_among_five_thousand_none_is_forgotten(
    office: Office, clock: ManualClock
) -> None:
    at = await furnish_locating(office, clock)
    locate_id = await at.active()
    async with office.hub.sessions.begin() as session:
        plot = await Plot.of(session, locate_id)
        for n in range(ALL - 1):
            plot.plant(n, GROUNDS[n % 4] if n < DEAD else None, at)
        for model, rows in plot.rows.items():
            await insert_rows(session, (model, rows))

    await at.strike()

    async with office.hub.sessions() as session:
        found = set(
            await session.scalars(
                select(LocateRequest.id).where(LocateRequest.state == LocateState.RECALLING)
            )
        )
        live = await session.scalar(
            select(func.count()).select_from(LocateRequest).where(LocateRequest.state == LocateState.LIVE)
        )
        recalls = (
            await session.scalars(
                select(AgencyRequest)
                .join(LocateEntry, LocateEntry.recall_request_id == AgencyRequest.id)
                .order_by(AgencyRequest.id)
            )
        ).all()
    assert (found, live) == (plot.dead, ALL - DEAD)
    assert len(recalls) == 2 * DEAD

    speaking = recalls[: 2 * DEAD - SILENT]
    for start in range(0, len(speaking), 100):
        await confirm(at, speaking[start : start + 100])
    await at.wait(hours=25)

    async with office.hub.sessions() as session:
        entries = (
            await session.scalars(select(LocateEntry).where(LocateEntry.recall_request_id.is_not(None)))
        ).all()
    states = Counter(entry.state for entry in entries)
    assert states == {EntryState.ENDED: 2 * DEAD - SILENT, EntryState.RECALLING: SILENT}
    late = {each["id"] for each in await overdue(at)}
    assert late == {str(entry.id) for entry in entries if entry.state is EntryState.RECALLING}
