"""The log as outsiders read it (C2SP tlog-tiles): checkpoints and hashes for everybody, entries for auditors.

The hashes tell nobody anything: each entry has 74 random bits in it, so that none can be guessed from its hash.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response

from app.api.dependencies import CallerDep, HubDep, SessionDep
from app.api.problems import problems
from app.api.tags import Tag
from app.audit.published import newest_checkpoint, read_tile, witnessed_checkpoint
from app.audit.record import record
from app.audit.tiles import Tile, to_bundle
from app.audit.witness_policy import standing
from app.errors import ErrorCode, Refusal
from app.linkage.callers import entry_of
from app.vocabulary import AuditAction

router = APIRouter(prefix="/transparency", tags=[Tag.AUDIT])

_FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}
_FOR_A_MOMENT = {"Cache-Control": "public, max-age=1"}
_FOR_NOBODY_ELSE = {"Cache-Control": "private, no-store"}

Place = Annotated[str, Path(max_length=60, description="e.g. `x001/234`, or `005.p/112` for a partial one")]


def _of(media_type: str, schema: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {"schema": schema}}}, **problems(ErrorCode.NOT_FOUND)}


_TEXT = _of("text/plain", {"type": "string"})
_BYTES = _of("application/octet-stream", {"type": "string", "format": "binary"})


@router.get("/checkpoint", summary="最新检查点 · Newest checkpoint", response_class=Response, responses=_TEXT)
async def read_checkpoint(hub: HubDep) -> Response:
    """C2SP tlog-checkpoint, with the cosignatures that came in so far. 已签检查点及见证签名。"""
    async with hub.engine.connect() as connection:
        published = await newest_checkpoint(connection)
    return _note(None if published is None else published.note)


@router.get(
    "/checkpoint/witnessed",
    summary="最新已见证检查点 · Newest witnessed checkpoint",
    response_class=Response,
    responses=_TEXT,
)
async def read_witnessed_checkpoint(hub: HubDep) -> Response:
    """The newest one that the quorum of witnesses cosigned. 已达见证人数的最新检查点。"""
    async with hub.engine.connect() as connection:
        published = await witnessed_checkpoint(connection)
    return _note(None if published is None else published.note)


@router.get("/policy", summary="见证策略 · Policy", response_class=Response, responses=_TEXT)
async def read_audit_policy(hub: HubDep) -> Response:
    """C2SP tlog-policy: log, witnesses, quorum. Compare it with what you were given by hand. 请与线下取得的核对。"""
    async with hub.engine.connect() as connection:
        found = await standing(connection)
    return _note(None if found is None else found.text)


@router.get(
    "/tile/entries/{place:path}",
    summary="记录块 · Entry bundle",
    response_class=Response,
    responses=_BYTES,
)
async def read_entry_bundle(place: Place, caller: CallerDep, session: SessionDep) -> Response:
    """256 entries, each after its length in two bytes; the reading is itself an entry. 仅供审计，查阅留痕。"""
    tile = _tile(f"tile/entries/{place}")
    entries = await read_tile(await session.connection(), tile)
    if entries is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    looked = entry_of(caller, AuditAction.AUDIT_EXPORTED, detail={"tile": tile.path})
    await record(session, [looked])
    return Response(to_bundle(entries), 200, _FOR_NOBODY_ELSE, "application/octet-stream")


@router.get("/tile/{level}/{place:path}", summary="哈希块 · Tile", response_class=Response, responses=_BYTES)
async def read_hash_tile(level: Annotated[str, Path(max_length=2)], place: Place, hub: HubDep) -> Response:
    """256 hashes of one level of the tree, fewer at its right edge. 一层哈希，每块 256 个。"""
    async with hub.engine.connect() as connection:
        hashes = await read_tile(connection, _tile(f"tile/{level}/{place}"))
    if hashes is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    return Response(b"".join(hashes), 200, _FOR_GOOD, "application/octet-stream")


def _note(text: str | None) -> Response:
    if text is None:
        raise Refusal(ErrorCode.NOT_FOUND)
    return Response(text, 200, _FOR_A_MOMENT, "text/plain")


def _tile(path: str) -> Tile:
    try:
        return Tile.parse(path)
    except ValueError:
        raise Refusal(ErrorCode.NOT_FOUND) from None
