"""A case as commands of the hub's machine name it: by its number and its court."""

from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.identifiers import CaseNumber
from app.models import Case, Court

CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="案号 / case number")]
CourtCode = Annotated[str, typer.Option("--court", help="法院代字 / court code")]


async def named_case(session: AsyncSession, number: str, court_code: str) -> Case:
    """Raises CaseNumberError for what is no case number, and BadParameter where the court has no such case."""
    case = await session.scalar(
        select(Case)
        .join(Court, Court.id == Case.court_id)
        .where(Case.case_number == str(CaseNumber.parse(number).case), Court.code == court_code)
    )
    if case is None:
        raise typer.BadParameter("没有此案件 / no such case")
    return case
