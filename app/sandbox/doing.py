"""All that one message, one event or one hour does at an agency, within one commit of its books."""

from dataclasses import dataclass
from datetime import datetime

from app.sandbox.custody.deed import Deed
from app.sandbox.lookout.register import LookOuts


@dataclass(frozen=True, slots=True)
class Doing:
    """To things under measures, and to whom or what is looked for."""

    deed: Deed
    look_outs: LookOuts

    def let_time_pass(self) -> None:
        self.deed.let_time_pass()
        self.look_outs.let_time_pass()

    def put_the_clock_on(self, at: datetime) -> None:
        self.deed.at = self.look_outs.at = at
        self.let_time_pass()
