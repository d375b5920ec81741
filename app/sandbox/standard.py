"""The agencies of a county, as a fleet starts them, and some far away."""

from dataclasses import dataclass, replace

from app.sandbox.behaviour import USUAL, Behaviour, Manner
from app.sandbox.faults import Fault
from app.vocabulary import AgencyKind


@dataclass(frozen=True, slots=True)
class SandboxAgency:
    """An agency to start. `behaviour` is the usual one of its kind unless something else is said."""

    code: str
    name: str
    kind: AgencyKind
    behaviour: Behaviour
    faults: tuple[Fault, ...] = ()

    def answering(self, manner: Manner) -> "SandboxAgency":
        return replace(self, behaviour=replace(self.behaviour, manner=manner))


def _usual(code: str, name: str, kind: AgencyKind) -> SandboxAgency:
    return SandboxAgency(code, name, kind, USUAL[kind])


STANDARD: tuple[SandboxAgency, ...] = (
    _usual("POLICE-ZC", "柘城县公安局", AgencyKind.POLICE),
    _usual("TAX-ZC", "国家税务总局柘城县税务局", AgencyKind.TAX),
    _usual("LAND-ZC", "柘城县不动产登记中心", AgencyKind.LAND),
    _usual("VEHICLE-ZC", "柘城县车辆管理所", AgencyKind.VEHICLE),
    _usual("BANK-ZC", "柘城农商银行", AgencyKind.BANK),
)
"""One of each kind."""

SECOND_BANK = _usual("BANK-SQ", "商丘示例银行", AgencyKind.BANK)


DISTANT_POLICE: tuple[SandboxAgency, ...] = (
    _usual("POLICE-AKS", "阿克苏市公安局", AgencyKind.POLICE),
    _usual("POLICE-YN", "伊宁市公安局", AgencyKind.POLICE),
)
"""Of places where people go who do not want to be found."""


def with_banks(count: int) -> tuple[SandboxAgency, ...]:
    """The standard agencies, with so many banks in place of one."""
    further = [
        _usual(f"BANK-{place:02d}", f"示例第{place}银行", AgencyKind.BANK) for place in range(3, count + 1)
    ]
    return (*STANDARD, *[SECOND_BANK, *further][: max(0, count - 1)])
