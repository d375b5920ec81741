"""Testing the way to an agency, before it is needed."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.adapters.registry import build_adapter
from app.adapters.signing_keys import SigningKey
from app.api.bodies import StrictRoute
from app.api.dependencies import CallerDep, HubDep
from app.api.hub import Hub
from app.api.problems import problems
from app.api.tags import Tag
from app.audit.record import record
from app.errors import ErrorCode
from app.keys import HUB_KEY_ID
from app.linkage.agencies import find_agency
from app.linkage.callers import entry_of
from app.linkage.connection_tests import TEXTS, ConnectionTest, Finding, probe
from app.linkage.profiles import VersionedProfile, load_profiles
from app.vocabulary import AuditAction

router = APIRouter(prefix="/v1/agencies", tags=[Tag.OPERATIONS], route_class=StrictRoute)


class ConnectionTestView(BaseModel):
    agency_code: str
    finding: Finding
    en: str
    zh: str
    reason: str = Field(description="In the transport's own words, for a technician · 技术原因")
    encrypted: bool = Field(description="Whether the endpoint is https")
    latency_ms: float


@router.post(
    "/{code}/connection-test",
    summary="连通测试 · Test the connection",
    responses=problems(ErrorCode.NOT_FOUND, ErrorCode.AGENCY_SETTINGS_INVALID),
)
async def test_agency_connection(code: str, caller: CallerDep, hub: HubDep) -> ConnectionTestView:
    """A signed status query for a request that was never sent; the answer must be signed. 发送一次签名的状态查询，不产生业务影响。

    Works for an agency that is not active yet. 未启用的单位亦可测试。
    """
    loaded = await _profile(hub, code)
    adapter = build_adapter(loaded.profile, hub.clock, hub.settings.secrets_dir)
    try:
        outcome = await probe(adapter)
    finally:
        await adapter.transport.aclose()
    async with hub.sessions.begin() as session:
        entry = entry_of(caller, AuditAction.AGENCY_TESTED, agency_code=code, outcome=outcome.finding.value)
        await record(session, [entry])
    return _view(loaded, outcome)


async def _profile(hub: Hub, code: str) -> VersionedProfile:
    """Read and let go: no transaction is open while the network is."""
    async with hub.sessions() as session:
        agency = await find_agency(session, code)
        key = SigningKey(HUB_KEY_ID, hub.keys.signing)
        (loaded,) = await load_profiles(session, key, [agency.id])
    return loaded


def _view(loaded: VersionedProfile, outcome: ConnectionTest) -> ConnectionTestView:
    en, zh = TEXTS[outcome.finding]
    endpoint = loaded.profile.settings.endpoint
    return ConnectionTestView(
        agency_code=loaded.profile.agency_code,
        finding=outcome.finding,
        en=en,
        zh=zh,
        reason=outcome.reason,
        encrypted=endpoint is not None and endpoint.scheme == "https",
        latency_ms=round(outcome.latency.total_seconds() * 1000, 1),
    )
