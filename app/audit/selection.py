"""Which entries an auditor asks for. Pure: the search makes SQL of it, the verifier holds entries against it."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.audit.entry import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """All conditions hold together; none given means every entry. `since` is included, `until` is not; both aware."""

    court_code: str | None = None
    case_number: str | None = field(default=None, repr=False)
    subject_index: bytes | None = field(default=None, repr=False)
    officer: str | None = field(default=None, repr=False)
    agency_code: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def admits(self, entry: Entry) -> bool:
        return (
            all(wanted in {None, getattr(entry, name)} for name, wanted in self.equalities().items())
            and (self.since is None or entry.recorded_at >= self.since)
            and (self.until is None or entry.recorded_at < self.until)
        )

    def equalities(self) -> dict[str, str | bytes | None]:
        """The conditions that ask for one value, by the name of the entry's field."""
        return {
            "court_code": self.court_code,
            "case_number": self.case_number,
            "subject_index": self.subject_index,
            "officer": self.officer,
            "agency_code": self.agency_code,
        }

    def to_json(self) -> str:
        given = {
            name: wanted.hex() if isinstance(wanted, bytes) else wanted
            for name, wanted in self.equalities().items()
        }
        for name, instant in (("since", self.since), ("until", self.until)):
            given[name] = None if instant is None else instant.astimezone(UTC).isoformat()
        return json.dumps(
            {name: value for name, value in given.items() if value is not None},
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> "Selection":
        """ValueError unless the text is what `to_json` writes."""
        try:
            fields: dict[str, Any] = json.loads(text)
            if not all(isinstance(value, str) for value in fields.values()):
                raise ValueError("conditions are strings")
            for name, read in _READERS.items():
                if name in fields:
                    fields[name] = read(fields[name])
            selection = cls(**fields)
            exact = selection.to_json() == text
        except (TypeError, AttributeError, RecursionError) as error:
            raise ValueError("not a selection") from error
        if not exact:
            raise ValueError("not a selection in its only spelling")
        return selection


_READERS = {"subject_index": bytes.fromhex, "since": datetime.fromisoformat, "until": datetime.fromisoformat}
