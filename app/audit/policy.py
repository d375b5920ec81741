"""Whom a reader of the log trusts: C2SP tlog-policy, the same file for hub, verifier and anybody else's software.

log <vkey> [<url>]
witness <name> <vkey> [<url>]
group <name> all|any|<k> <name>…
quorum <name>|none
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from app.audit.checkpoint import Checkpoint, log_key
from app.audit.cosignature import cosigned_at, witness_key
from app.audit.note import MalformedKey, Note, VerifierKey

NOBODY = "none"
_MOST_BYTES = 1024 * 1024


class MalformedPolicy(ValueError):
    """Not a policy; the text names the line."""


@dataclass(frozen=True, slots=True)
class Log:
    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    name: str
    """In this policy; its key signs under a name of its own."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A checkpoint is good when one of the logs signed it and the quorum of witnesses cosigned it."""

    logs: tuple[Log, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = NOBODY

    @classmethod
    def of(cls, *keys: VerifierKey) -> "Policy":
        """Logs alone: no witness is asked for."""
        return cls(tuple(map(Log, keys)))

    @property
    def log_keys(self) -> tuple[VerifierKey, ...]:
        return tuple(log.key for log in self.logs)

    @property
    def asks_for_witnesses(self) -> bool:
        return self.quorum != NOBODY

    def is_met_by(self, cosigners: Collection[str]) -> bool:
        """Whether these witnesses, by their names in this policy, are enough."""
        return self.quorum == NOBODY or self._witnessed(self.quorum, cosigners)

    def _witnessed(self, name: str, cosigners: Collection[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in cosigners
        return sum(self._witnessed(member, cosigners) for member in group.members) >= group.threshold

    def cosigners(self, note: Note, checkpoint: Checkpoint) -> dict[str, int]:
        """Which witnesses cosigned the note, and when (POSIX seconds); `SignatureWrong` when one is only claimed."""
        times = {witness.name: cosigned_at(note, checkpoint, witness.key) for witness in self.witnesses}
        return {name: at for name, at in times.items() if at is not None}

    def witnessed_at(self, cosigners: Mapping[str, int]) -> int | None:
        """The latest time for which the quorum vouches together (POSIX seconds); None when it does not."""
        if not self.asks_for_witnesses:
            return None
        for time in sorted(set(cosigners.values()), reverse=True):
            if self.is_met_by({name for name, at in cosigners.items() if at >= time}):
                return time
        return None


def read_policy(text: str) -> Policy:
    """Raises `MalformedPolicy`."""
    if len(text) > _MOST_BYTES:
        raise MalformedPolicy("a policy is short")
    reader = _Reader()
    for number, line in enumerate(text.split("\n"), start=1):
        words = [word for word in re.split(r"[ \t]+", line) if word]
        if not words or words[0].startswith("#"):
            continue
        try:
            reader.read(words, line)
        except (ValueError, KeyError) as error:
            raise MalformedPolicy(f"line {number}: {error.args[0]}") from error
    if reader.quorum is None:
        raise MalformedPolicy("a policy has one line with a quorum")
    return Policy(tuple(reader.logs), tuple(reader.witnesses), reader.groups, reader.quorum)


class _Reader:
    def __init__(self) -> None:
        self.logs: list[Log] = []
        self.witnesses: list[Witness] = []
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self._names = {NOBODY}
        self._publics: set[bytes] = set()
        self._members: set[str] = set()

    def read(self, words: list[str], line: str) -> None:
        if any((ord(c) < 32 and c != "\t") or ord(c) == 127 for c in line):
            raise ValueError("control characters")
        match words:
            case ["log", vkey, *url] if len(url) < 2:
                self.logs.append(Log(self._key(log_key(vkey)), *url))
            case ["witness", name, vkey, *url] if len(url) < 2:
                self._define(name)
                self.witnesses.append(Witness(name, self._key(witness_key(vkey)), *url))
            case ["group", name, threshold, *members] if members:
                self.groups[name] = self._group(threshold, members)
                self._define(name)
            case ["quorum", name] if self.quorum is None:
                self._require(name)
                self.quorum = name
            case _:
                raise ValueError("neither log, witness, group nor the one quorum")

    def _key(self, key: VerifierKey) -> VerifierKey:
        if key.public in self._publics:
            raise MalformedKey("this public key stands twice")
        self._publics.add(key.public)
        return key

    def _group(self, threshold: str, members: list[str]) -> Group:
        for member in members:
            self._require(member)
            if member == NOBODY or member in self._members:
                raise ValueError("each name is a member once, and none is no member")
            self._members.add(member)
        wanted = {"all": len(members), "any": 1}.get(threshold)
        if wanted is None:
            if not re.fullmatch(r"[1-9][0-9]{0,5}", threshold, re.ASCII):
                raise ValueError("a group needs all, any or a number of its members")
            wanted = int(threshold)
        if wanted > len(members):
            raise ValueError("a group cannot need more members than it has")
        return Group(wanted, tuple(members))

    def _define(self, name: str) -> None:
        if name in self._names:
            raise ValueError("this name is taken")
        self._names.add(name)

    def _require(self, name: str) -> None:
        if name not in self._names:
            raise ValueError("this name was not defined on a line before")
