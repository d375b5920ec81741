"""Who acts, for whom, and when: handed from the edge to every verb."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Acting:
    """A court's client in one HTTP request."""

    client_id: UUID
    client_name: str
    court_id: UUID
    court_code: str
    correlation_id: str
    at: datetime
