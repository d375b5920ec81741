"""What a court demands about looking for somebody: request bodies, strict."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from app.adapters.locating import MOST_MINUTES_NEEDED
from app.linkage.control.demands import MeasureDemand
from app.linkage.demand import AgencySelection
from app.linkage.fields import Demand, Line
from app.vocabulary import EndReason, HitDecision, LocateGround, Urgency, WantedAction

Permit = Annotated[Line, Field(description="工作证编号: work permit of the officer who acts")]
Phone = Annotated[str, Field(pattern=r"^[0-9+() -]{5,30}$")]
Prose = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=2000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$"
    ),
]


class LocateDemand(MeasureDemand):
    """协助查找/布控 of a debtor of the case, or of a vehicle that the case has sealed."""

    case_id: UUID
    debtor_id: UUID
    agencies: AgencySelection = AgencySelection()
    """Whom to ask to look out. Nothing given: all that can."""

    ground: LocateGround
    action: WantedAction
    urgency: Urgency = Urgency.ROUTINE
    duty_phone: Annotated[Phone, Field(description="法院24小时值班电话", examples=["0370-7210110"])]
    valid_from: AwareDatetime | None = None
    """Nothing given: now."""

    valid_until: AwareDatetime
    freeze_id: UUID | None = None
    """The seal that the wanted vehicle lies under; nothing given, the debtor himself is looked for."""

    last_known_places: Annotated[tuple[Line, ...], Field(max_length=20, repr=False)] = ()
    phones: Annotated[tuple[Phone, ...], Field(max_length=20, repr=False)] = ()
    photo: UUID | None = None
    """One of the case's documents, of kind `photo`."""

    note: Annotated[Prose | None, Field(repr=False)] = None
    supersedes: UUID | None = None
    """The request that this one takes the place of: it is recalled when this one is approved."""


class RecallDemand(Demand):
    """撤控, for one of three reasons that are never mixed up: he was found, the ground fell away, it was a mistake."""

    officer: Permit
    reason: Literal[EndReason.LOCATED, EndReason.CLEARED, EndReason.ENTERED_IN_ERROR]
    note: Annotated[Line, Field(examples=["被执行人已到院履行"])]


class Validation(Demand):
    """An officer looked again and found that the ground still stands."""

    officer: Permit
    note: Annotated[Line, Field(examples=["被执行人仍未履行，依据有效"])]


class Decision(Demand):
    """核实线索: is it him? Nobody is held before an officer of the court has said so."""

    officer: Permit
    decision: HitDecision
    minutes_needed: Annotated[int, Field(ge=1, le=MOST_MINUTES_NEEDED)] | None = None
    """Required with `more_time`, and only there."""

    note: Line | None = None
    """Required to take a confirmation back."""


class HandOver(Demand):
    """交接: who took over, when, where, and what came along."""

    officer: Permit
    taken_over_at: AwareDatetime
    place: Annotated[Line, Field(repr=False, examples=["伊犁州某县公安局"])]
    came_along: Annotated[tuple[Line, ...], Field(max_length=50, examples=[["车辆", "钥匙", "行驶证"]])] = ()
