"""What follows when a payment or a cost is booked: the surplus goes free, and a claim that is settled releases everything."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.crypto import Vault
from app.errors import Refusal
from app.linkage.acting import Acting
from app.linkage.control.claims import NewClaimEntry, NewClaimTerms, book_entry, claim_book, set_terms
from app.linkage.control.drafting import open_case
from app.linkage.control.releasing import release_everything
from app.linkage.control.surplus import claim_settled, is_settled_by, watch_surplus
from app.linkage.ledger import Ledger
from app.linkage.locating.ending import CLAIM_SETTLED, end_of_cases
from app.linkage.locating.lookouts import Hand
from app.models import Case, ClaimEntry, Order

_PAID = "债务已清偿 · the claim is settled"


async def book(
    session: AsyncSession, acting: Acting, vault: Vault, case_id: UUID, demand: NewClaimEntry
) -> ClaimEntry:
    """Book an entry. One that settles the claim starts the release of all that is frozen (Seizure §28).

    Where the papers that a release travels with are not filed yet, the payment is booked all the same, and what has to be
    released becomes a task.

    Raises:
        Refusal: `case_unknown`, `case_closed`, and those of `book_entry`.
    """
    case = await open_case(session, acting, case_id)
    entry = await book_entry(session, acting, case, demand)
    ledger = Ledger(vault)
    settled = is_settled_by(await claim_book(session, case), {entry.id}, acting.at)
    if settled and await _released(session, acting, vault, case) is not None:
        ledger.announce(claim_settled(case))
        hand = Hand.of(acting, demand.officer)
        for event in await end_of_cases(session, [case.id], CLAIM_SETTLED, hand):
            ledger.announce(event)
    else:
        ledger.rows.append(entry)
        await watch_surplus(session, ledger, [case.id], acting.at)
    await ledger.write(session, acting.at)
    return entry


async def change_terms(
    session: AsyncSession, acting: Acting, vault: Vault, case_id: UUID, demand: NewClaimTerms
) -> None:
    """Say how interest runs; less may be owed than was thought.

    Raises:
        Refusal: `case_unknown`, `case_closed`, `officer_unknown`, `officer_not_of_court`.
    """
    case = await open_case(session, acting, case_id)
    await set_terms(session, acting, case, demand)
    ledger = Ledger(vault)
    await watch_surplus(session, ledger, [case.id], acting.at)
    await ledger.write(session, acting.at)


async def _released(session: AsyncSession, acting: Acting, vault: Vault, case: Case) -> Order | None:
    """The order that releases everything; None when nothing is frozen, or its papers are missing."""
    try:
        return await release_everything(session, acting, vault, case, _PAID)
    except Refusal:
        return None
