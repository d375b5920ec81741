"""What every table shares: names of constraints, types of columns."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Enum, MetaData, String, Uuid
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# Stored as text with a CHECK (see `one_of`): a native enum type cannot lose or reorder a member in a migration.
_WORDS = Enum(
    StrEnum,
    native_enum=False,
    create_constraint=False,
    length=40,
    values_callable=lambda members: [member.value for member in members],
)

Id = Annotated[UUID, mapped_column(Uuid, primary_key=True)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: DateTime(timezone=True), StrEnum: _WORDS, UUID: Uuid, str: String}  # noqa: RUF012 - SQLAlchemy's protocol


def one_of(column: str, members: type[StrEnum] | Sequence[str]) -> CheckConstraint:
    """A CHECK made from the same enum that the code uses, so that no loose string can be stored."""
    values = ", ".join(f"'{member}'" for member in members)
    return CheckConstraint(f"{column} IN ({values})", name=column)
