"""Detention and referral for refusing to perform: decided outside the hub, recorded and checked in it."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.errors import ErrorCode, Refusal
from app.models.base import Base, Id, one_of

LONGEST_DETENTION_DAYS = 15
"""Civil Procedure §118."""


class DetainedFor(StrEnum):
    """The act that obstructed enforcement (Civil Procedure §114, §252; Interpretation §187-188)."""

    NO_PROPERTY_REPORT = "no_property_report"
    """Refused the property report, or reported falsely."""

    REFUSAL_TO_PERFORM = "refusal_to_perform"
    MOVED_SEIZED_PROPERTY = "moved_seized_property"
    BROKE_CONSUMPTION_BAN = "broke_consumption_ban"
    OBSTRUCTION = "obstruction"


class DetentionEnding(StrEnum):
    SERVED = "served"
    EARLY = "early"
    """He owned up and mended his ways (Interpretation §182)."""

    REVOKED = "revoked"


class Detention(Base):
    """司法拘留 of a debtor: one act, one detention, at most fifteen days."""

    __tablename__ = "detentions"
    __table_args__ = (
        one_of("act", DetainedFor),
        one_of("ending", DetentionEnding),
        CheckConstraint(f"days BETWEEN 1 AND {LONGEST_DETENTION_DAYS}", name="days"),
        Index("uq_detentions_act", "court_id", "subject_index", "act", "act_on", unique=True),
        Index("ix_detentions_case_id", "case_id"),
        Index("ix_detentions_court_id_id", "court_id", "id"),
        Index("ix_detentions_next_clock_at", "next_clock_at", postgresql_where="next_clock_at IS NOT NULL"),
    )

    id: Mapped[Id]
    court_id: Mapped[UUID]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    subject_index: Mapped[bytes] = mapped_column(LargeBinary)
    """The debtor's `number_index`, by which he is found in the other cases of the court."""

    custody_id: Mapped[UUID | None] = mapped_column(ForeignKey("custodies.id"))
    """The hand-over that brought him in."""

    act: Mapped[DetainedFor]
    act_on: Mapped[date]
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"))
    """The detention decision, which the president of the court approved (Civil Procedure §119)."""

    decision_number: Mapped[str]
    days: Mapped[int] = mapped_column(SmallInteger)
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    officer: Mapped[str]
    approver: Mapped[str]
    family_due_at: Mapped[datetime]
    family_notified_at: Mapped[datetime | None]
    family_notified_by: Mapped[str | None]
    ending: Mapped[DetentionEnding | None]
    ended_at: Mapped[datetime | None]
    next_clock_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class ReferralRoute(StrEnum):
    """拒不执行判决、裁定罪 is prosecuted by the state, or privately where police or procuratorate declined (法释〔2024〕13号 §14)."""

    POLICE = "police"
    PRIVATE_PROSECUTION = "private_prosecution"


class ReferralFate(StrEnum):
    FILED = "filed"
    DECLINED = "declined"
    ACCEPTED = "accepted"
    WARRANT_ISSUED = "warrant_issued"
    WARRANT_WITHDRAWN = "warrant_withdrawn"
    PROSECUTED = "prosecuted"
    SENTENCED = "sentenced"
    ACQUITTED = "acquitted"
    DROPPED = "dropped"


_F = ReferralFate
NEXT_FATE: Mapping[ReferralFate, frozenset[ReferralFate]] = {
    _F.FILED: frozenset({_F.ACCEPTED, _F.DECLINED, _F.DROPPED}),
    _F.ACCEPTED: frozenset({_F.WARRANT_ISSUED, _F.PROSECUTED, _F.DROPPED}),
    _F.WARRANT_ISSUED: frozenset({_F.WARRANT_WITHDRAWN, _F.PROSECUTED, _F.DROPPED}),
    _F.WARRANT_WITHDRAWN: frozenset({_F.WARRANT_ISSUED, _F.PROSECUTED, _F.DROPPED}),
    _F.PROSECUTED: frozenset({_F.WARRANT_ISSUED, _F.SENTENCED, _F.ACQUITTED, _F.DROPPED}),
    _F.DECLINED: frozenset(),
    _F.SENTENCED: frozenset(),
    _F.ACQUITTED: frozenset(),
    _F.DROPPED: frozenset(),
}
WITHOUT_WARRANT = frozenset(
    {_F.DECLINED, _F.WARRANT_WITHDRAWN, _F.SENTENCED, _F.ACQUITTED, _F.DROPPED, _F.FILED, _F.ACCEPTED}
)
"""Fates in which nobody may be pursued online, whatever warrant there was before."""


class Referral(Base):
    """A file handed on for refusing to perform, and what became of it."""

    __tablename__ = "referrals"
    __table_args__ = (
        one_of("route", ReferralRoute),
        one_of("fate", ReferralFate),
        Index("ix_referrals_case_id", "case_id"),
        Index("ix_referrals_court_id_id", "court_id", "id"),
    )

    id: Mapped[Id]
    court_id: Mapped[UUID]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    route: Mapped[ReferralRoute]
    body: Mapped[str]
    """Who got the file: a police bureau, a court."""

    declined_id: Mapped[UUID | None] = mapped_column(ForeignKey("referrals.id"))
    """Of a private prosecution: the referral that the police declined."""

    fate: Mapped[ReferralFate] = mapped_column(default=ReferralFate.FILED)
    fate_on: Mapped[date]
    criminal_case_number: Mapped[str | None]
    warrant_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id"))
    """The paper of the warrant that is in force."""

    officer: Mapped[str]
    created_at: Mapped[datetime]

    def move_to(self, fate: ReferralFate) -> None:
        """Make one allowed move. Raises `Refusal(state_forbids)`."""
        if fate not in NEXT_FATE[self.fate]:
            raise Refusal(ErrorCode.STATE_FORBIDS, detail=f"{self.fate} → {fate}")
        self.fate = fate


class ReferralStep(Base):
    __tablename__ = "referral_steps"
    __table_args__ = (one_of("fate", ReferralFate), Index("ix_referral_steps_referral_id", "referral_id"))

    id: Mapped[Id]
    referral_id: Mapped[UUID] = mapped_column(ForeignKey("referrals.id"))
    fate: Mapped[ReferralFate]
    happened_on: Mapped[date]
    officer: Mapped[str]
    note: Mapped[str | None]
    recorded_at: Mapped[datetime]
