"""What is frozen in a case against what is owed in it; what nobody knows is told apart and never counted as nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.linkage.control.claims import claim_book
from app.linkage.control.frozen import freezes_held, held_now
from app.measures.claims import Outstanding
from app.measures.money import ZERO
from app.models import Case, Freeze
from app.models.freeze import FreezeState


@dataclass(frozen=True, slots=True)
class Exposure:
    owed: Outstanding
    freezes: Sequence[Freeze]

    @property
    def held(self) -> Decimal:
        """Of all whose sum is known; a thing counts for the lowest reserve price, where it was appraised."""
        return sum((held_now(freeze) or ZERO for freeze in self.freezes), ZERO)

    @property
    def unknown(self) -> list[UUID]:
        """Freezes of which nobody said what they hold, those among them that are not answered yet."""
        return [
            freeze.id
            for freeze in self.freezes
            if freeze.state is FreezeState.ORDERED or held_now(freeze) is None
        ]

    @property
    def not_secured(self) -> Decimal:
        """The least that is missing, if those of unknown sum hold nothing."""
        return max(self.owed.total - self.held, ZERO)

    @property
    def surplus(self) -> Decimal:
        return max(self.held - self.owed.total, ZERO)


async def exposure_of(session: AsyncSession, case: Case, at: datetime) -> Exposure:
    freezes = await freezes_held(session, [case.id])
    return Exposure((await claim_book(session, case)).owed(at), freezes[case.id])
