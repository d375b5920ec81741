"""Whether this process lives, and whether it can serve. Neither shows anything of a case; both need no token."""

from datetime import timedelta
from enum import StrEnum

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, Response

from app.api.dependencies import HubDep
from app.api.tags import Tag
from app.audit.sequencer import lag
from app.audit.witness_policy import standing
from app.schema import newest_revision

router = APIRouter(tags=[Tag.SYSTEM])

_AUDIT_LAGS_AFTER = timedelta(minutes=1)


class Check(StrEnum):
    OK = "ok"
    FAILED = "failed"
    LAGGING = "lagging"
    UNWITNESSED = "unwitnessed"


class Liveness(BaseModel):
    status: Check = Check.OK


class Readiness(BaseModel):
    """`audit: lagging` does not make a process unready: entries are safe, only their numbering is late.

    Nor does `unwitnessed`: all but new coercive orders goes on.
    """

    status: Check
    database: Check
    schema_revision: Check = Field(description="Whether the database has the revision this code was made for")
    audit: Check


@router.get("/livez", summary="存活 · Liveness")
async def livez() -> Liveness:
    """This process answers. No other check is made. 进程可应答。"""
    return Liveness()


@router.get(
    "/readyz", summary="就绪 · Readiness", response_model=Readiness, responses={503: {"model": Readiness}}
)
async def readyz(hub: HubDep) -> Response:
    """Database, schema and the audit log's numbering. 数据库、表结构版本、审计编号是否正常。"""
    try:
        async with hub.engine.connect() as connection:
            revision = await connection.scalar(text("SELECT max(version_num) FROM alembic_version"))
            behind = (await lag(connection)).oldest_recorded_at
            found = await standing(connection)
    except SQLAlchemyError:
        failed = Check.FAILED
        return _answer(Readiness(status=failed, database=failed, schema_revision=failed, audit=failed))
    current = Check.OK if revision == newest_revision() else Check.FAILED
    now = hub.clock.now()
    audit = Check.OK if found is None or found.is_witnessed(now) else Check.UNWITNESSED
    if behind is not None and now - behind > _AUDIT_LAGS_AFTER:
        audit = Check.LAGGING
    return _answer(
        Readiness(
            status=current,
            database=Check.OK,
            schema_revision=current,
            audit=audit,
        )
    )


def _answer(readiness: Readiness) -> Response:
    return JSONResponse(
        readiness.model_dump(mode="json"), status_code=200 if readiness.status is Check.OK else 503
    )
