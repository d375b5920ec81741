"""解除控制证明: every effect ever placed in a case and its confirmed lift, signed once (feature 92).

It says what it cannot know. It is complete when every freeze has ended and the agency itself has said so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.certificate import certify
from app.audit.record import record
from app.ids import new_id
from app.keys import HUB_KEY_ID, Keys
from app.linkage.acting import Acting
from app.linkage.callers import entry_of
from app.masking import mask_account
from app.models import Agency, AgencyAnswer, AgencyRequest, Case, Freeze, Message, ReleaseCertificate
from app.models.freeze import HELD_SOMEWHERE, FreezeState
from app.models.message import Disposition
from app.vocabulary import AuditAction, OrderKind

_SEALED_FOR = "release_certificates.body"

_LIMITS = (
    (
        "Freezes that other courts or the debtor's creditors elsewhere placed, and freezes ordered on paper outside this hub, "
        "are not covered. 其他法院及未经本平台办理的控制措施不在本证明范围内。"
    ),
    (
        "The word of each agency is taken as it signed it; whether its counters follow its own register is not known here. "
        "各单位的反馈以其签名报文为准，其内部执行情况本平台无从知悉。"
    ),
)


@dataclass(frozen=True, slots=True)
class _Effect:
    freeze: Freeze
    agency_code: str
    agency_name: str
    confirmation: str | None
    """SHA-256 of the agency's signed message that confirmed the release."""


async def issue_certificate(
    session: AsyncSession, acting: Acting, keys: Keys, case: Case
) -> tuple[ReleaseCertificate, bytes]:
    """The certificate of a case as it stands now, complete or not; kept, and audited."""
    effects = await _effects(session, case)
    lines = [_line(keys, effect) for effect in effects]
    complete = all(line["ended"] and line["confirmed_by_agency"] for line in lines)
    body: dict[str, Any] = {
        "title": "解除控制证明 Certificate of release",
        "court": acting.court_code,
        "case_number": case.case_number,
        "issued_at": acting.at.isoformat(),
        "complete": complete,
        "effects": lines,
        "open": [line["freeze_id"] for line in lines if not (line["ended"] and line["confirmed_by_agency"])],
        "limits": list(_LIMITS),
    }
    document = certify(body, keys.signing, HUB_KEY_ID)
    certificate = ReleaseCertificate(
        id=new_id(),
        court_id=acting.court_id,
        case_id=case.id,
        body=keys.vault.seal(document, _SEALED_FOR),
        complete=complete,
        created_at=acting.at,
    )
    session.add(certificate)
    await session.flush()
    entry = entry_of(
        acting,
        AuditAction.CERTIFICATE_ISSUED,
        case_number=case.case_number,
        outcome="complete" if complete else "incomplete",
        detail={"certificate_id": str(certificate.id), "effects": str(len(lines))},
    )
    await record(session, [entry])
    return certificate, document


async def _effects(session: AsyncSession, case: Case) -> Sequence[_Effect]:
    found = (
        await session.execute(
            select(Freeze, Agency.code, Agency.name)
            .join(Agency, Agency.id == Freeze.agency_id)
            .where(Freeze.case_id == case.id)
            .order_by(Freeze.id)
        )
    ).all()
    rows = await session.execute(
        select(AgencyRequest.freeze_id, Message.sha256)
        .join(AgencyAnswer, AgencyAnswer.request_id == AgencyRequest.id)
        .join(Message, Message.id == AgencyAnswer.message_id)
        .where(
            AgencyRequest.freeze_id.in_([freeze.id for freeze, _, _ in found]),
            AgencyRequest.kind == OrderKind.RELEASE,
            AgencyAnswer.disposition == Disposition.APPLIED,
        )
        .order_by(AgencyAnswer.id)
    )
    confirmations = dict(rows.all())
    return [
        _Effect(freeze, code, name, digest.hex() if (digest := confirmations.get(freeze.id)) else None)
        for freeze, code, name in found
    ]


def _line(keys: Keys, effect: _Effect) -> dict[str, Any]:
    freeze = effect.freeze
    ended = freeze.state not in HELD_SOMEWHERE
    return {
        "freeze_id": str(freeze.id),
        "request_id": str(freeze.request_id),
        "agency": f"{effect.agency_code} {effect.agency_name}",
        "agency_number": freeze.agency_number,
        "kind": freeze.thing_kind.value,
        "thing": mask_account(keys.vault.open_text(freeze.identity, "freezes.identity")),
        "state": freeze.state.value,
        "ended": ended,
        "ended_at": freeze.state_at.isoformat() if ended else None,
        "confirmed_by_agency": ended and _confirmed(effect),
        "confirmation_sha256": effect.confirmation,
    }


def _confirmed(effect: _Effect) -> bool:
    """A lapse is known by the clock alone until the agency's list has shown it gone; all else the agency has said."""
    freeze = effect.freeze
    if freeze.state is FreezeState.LAPSED:
        return freeze.reported_at is not None and freeze.reported_at >= freeze.state_at
    return freeze.reported_at is not None or freeze.state is FreezeState.NOT_EXECUTED
