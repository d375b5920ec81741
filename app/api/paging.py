"""Pages by keyset: an opaque cursor says where the last page ended, so that a growing table shifts nothing."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.errors import ErrorCode, FieldError, Refusal

MOST = 200

Item = TypeVar("Item")
Row = TypeVar("Row")


class Page(BaseModel, Generic[Item]):
    """One page, newest first. `next` is the cursor of the page after it; null on the last."""

    items: list[Item]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class PageQuery:
    after: str | None
    limit: int

    def position(self) -> UUID | None:
        """Where the page begins; raises `Refusal(cursor_invalid)`."""
        return None if self.after is None else UUID(bytes=read_cursor(self.after, 16))


async def page_query(
    after: Annotated[
        str | None, Query(max_length=120, description="`next` of the page before · 上一页的 next")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
) -> PageQuery:
    return PageQuery(after, limit)


PageDep = Annotated[PageQuery, Depends(page_query)]


async def newest_first(
    session: AsyncSession, query: Select[Row], key: InstrumentedAttribute[UUID], page: PageQuery
) -> tuple[Sequence[Row], str | None]:
    """The rows of one page, by descending id (ids are time-ordered), and the cursor of the next."""
    position = page.position()
    if position is not None:
        query = query.where(key < position)
    rows = (await session.scalars(query.order_by(key.desc()).limit(page.limit + 1))).all()
    if len(rows) <= page.limit:
        return rows, None
    last: Any = rows[page.limit - 1]
    return rows[: page.limit], cursor(getattr(last, key.key).bytes)


def cursor(position: bytes) -> str:
    return base64.urlsafe_b64encode(position).rstrip(b"=").decode()


def read_cursor(text: str, size: int | None = None) -> bytes:
    """The bytes that a cursor of ours holds, `size` of them; raises `Refusal(cursor_invalid)`."""
    try:
        position = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise invalid_cursor() from error
    if size is not None and len(position) != size:
        raise invalid_cursor()
    return position


def invalid_cursor() -> Refusal:
    return Refusal(
        ErrorCode.CURSOR_INVALID,
        FieldError("/after", "cursor_invalid", "use `next` of the page before", "请使用上一页返回的 next"),
    )
