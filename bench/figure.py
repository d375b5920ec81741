"""A measured value beside the limit that was measured in the same run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`ratio` is value / limit. What is bare (no hub, same server, same processors) is the limit."""

    name: str
    value: float
    unit: str
    limit: float

    @property
    def ratio(self) -> float:
        return self.value / self.limit

    def __str__(self) -> str:
        return f"{self.name} {_short(self.value)} {self.unit} {_short(self.limit)} {self.ratio:.2f}"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"
