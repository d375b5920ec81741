"""What would become of a ladder if a court released today, or money arrived. Nothing is ordered by asking."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.linkage.control.demands import Sum
from app.linkage.control.ladders import THING, AssetLadder
from app.linkage.fields import Demand, Line
from app.measures.operations import MoneyIn, Operation, Release
from app.measures.whatif import WhatIf, what_if


class IfReleased(Demand):
    kind: Literal["released"]
    rung: Annotated[Line, Field(examples=["rank-1"], description="As the ladder names it · 阶梯中的名称")]


class IfMoneyArrives(Demand):
    kind: Literal["money_arrives"]
    amount: Sum


Step = Annotated[IfReleased | IfMoneyArrives, Field(discriminator="kind")]


class WhatIfDemand(Demand):
    """Steps happen one after the other, all at this instant."""

    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=20)]


def try_out(ladder: AssetLadder, demand: WhatIfDemand, at: datetime) -> WhatIf:
    """Run the steps on a copy of the ladder. A step without effect says why in its receipt."""
    return what_if(ladder.register(at), THING, *_operations(ladder, demand.steps, at))


def _operations(ladder: AssetLadder, steps: Sequence[Step], at: datetime) -> Iterator[Operation]:
    case_numbers = {rung.name: rung.case_number or rung.name for rung in ladder.rungs}
    for place, step in enumerate(steps):
        name = f"step-{place}"
        match step:
            case IfReleased():
                yield Release(name, at, step.rung, case_numbers.get(step.rung, step.rung))
            case IfMoneyArrives():
                yield MoneyIn(name, at, THING, step.amount)
