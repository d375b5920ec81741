"""`liandong audit …`, for inspectors: one case in one archive, what was known then, draws, what a person may be told.

Each command says what it did in the log before it shows anything.
"""

import asyncio
import getpass
import json
from collections.abc import Awaitable, Callable, Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import typer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app import schema
from app.audit.bundle import NothingSigned
from app.audit.entry import Actor, Entry
from app.audit.record import record
from app.case_arguments import CaseArgument, CourtCode, named_case
from app.clock import SystemClock
from app.crypto import SealExpired, Vault
from app.database import create_engine, session_factory, to_json
from app.errors import TITLES, Refusal
from app.identifiers import IdentifierError, check_certificate
from app.ids import new_id
from app.keys import load_keys
from app.linkage.dossier import DossierWriter
from app.linkage.hindsight import known_at
from app.linkage.subject_view import looks_at
from app.linkage.subjects import certificate_index
from app.linkage.supervision import Decision, Period, add_own_person, draw_look_ups, justify, result_of
from app.models import Case, Party
from app.models.supervision import Justification
from app.settings import Settings
from app.vocabulary import ActorKind, AuditAction, CertificateType

T = TypeVar("T")

Purpose = Annotated[str, typer.Option(help="查阅理由，记入日志 / why you look; it goes into the log")]
Instant = Annotated[datetime, typer.Option(formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"], help="UTC")]
PeriodName = Annotated[str, typer.Argument(metavar="PERIOD", help="抽查期名称，如 2026-11 / its name")]
Person = Annotated[
    CertificateType, typer.Option("--person", help="证件种类，号码另行输入 / certificate type")
]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a command works with; the session's transaction is committed when it returns."""

    engine: AsyncEngine
    session: AsyncSession
    vault: Vault
    settings: Settings
    now: datetime

    @property
    def who(self) -> Actor:
        return Actor(ActorKind.COMMAND_LINE, getpass.getuser())

    async def note(
        self, action: AuditAction, case: Case, purpose: str, people: Collection[bytes] = ()
    ) -> None:
        """In a transaction of its own: whoever looks is on record even if what he looks at breaks.

        One entry for each of the people who are shown whole, so that a search by person finds it.
        """
        entries = [
            Entry(
                entry_id=new_id(),
                recorded_at=self.now,
                action=action,
                actor=self.who,
                case_number=case.case_number,
                subject_index=index,
                purpose=purpose,
            )
            for index in people or (None,)
        ]
        async with self.engine.begin() as connection:
            await record(connection, entries)


def add_to(audit: typer.Typer) -> None:
    """Beside `verify`, `search` and `export`."""
    for name, command in (
        ("evidence", evidence),
        ("known-at", known),
        ("draw", draw),
        ("justify", decide),
        ("error-rate", rate),
        ("own-person", own_person),
        ("subject-view", subject_view),
    ):
        audit.command(name)(command)


def evidence(
    case: CaseArgument,
    archive: Annotated[Path, typer.Argument(help="写入的压缩包 / the archive to write")],
    court: CourtCode,
    purpose: Purpose,
) -> None:
    """一案证据包：报文、文书、回执、记录及可读目录 / All about one case in one archive, with an index to read."""
    draft = archive.with_name(f"{archive.name}.part")

    async def write(at: Inspection) -> None:
        found = await named_case(at.session, case, court)
        people = set(await at.session.scalars(select(Party.number_index).where(Party.case_id == found.id)))
        await at.note(AuditAction.DOSSIER_MADE, found, purpose, people)
        draft.touch(mode=0o600)  # it names people
        with draft.open("wb") as out:
            await DossierWriter(at.engine, at.session, at.vault, out).write(found, at.now)

    try:
        _run(write)
        draft.replace(archive)
    finally:
        draft.unlink(missing_ok=True)


def known(case: CaseArgument, court: CourtCode, instant: Instant, purpose: Purpose) -> None:
    """还原某一时点法院所掌握的情况 / What the court knew at an instant, as JSON."""

    async def tell(at: Inspection) -> str | None:
        found = await named_case(at.session, case, court)
        await at.note(AuditAction.CASE_READ, found, purpose)
        then = await known_at(at.session, found, instant.replace(tzinfo=UTC))
        return None if then is None else to_json(asdict(then))

    told = _run(tell)
    if told is None:
        typer.echo("当时尚未登记 / not registered yet", err=True)
        raise typer.Exit(1)
    typer.echo(json.dumps(json.loads(told), ensure_ascii=False, indent=2))


def draw(
    period: PeriodName,
    since: Instant,
    until: Instant,
    count: Annotated[int, typer.Option(min=1, max=10_000, help="抽取数 / how many")] = 30,
) -> None:
    """随机抽查查询，任何人可复算 / Draw look-ups to be justified again; anybody can repeat the draw."""
    wanted = Period(period, since.replace(tzinfo=UTC), until.replace(tzinfo=UTC))

    async def make(at: Inspection) -> str:
        made, drawn = await draw_look_ups(at.session, at.who, wanted, count, at.now)
        lines = [f"# {made.period}: {len(drawn)} / {made.of}, population {made.population}", made.note]
        return "\n".join([*lines, *map(str, drawn)])

    typer.echo(_run(make))


def decide(
    period: PeriodName,
    entry: Annotated[UUID, typer.Argument(help="记录编号 / entry id")],
    outcome: Annotated[Justification, typer.Option(help="结论 / outcome")],
    reason: Annotated[str, typer.Option(help="理由 / why")],
) -> None:
    """认定一次抽查 / Decide about one drawn look-up."""

    async def settle(at: Inspection) -> None:
        await justify(at.session, at.who, Decision(period, entry, outcome, reason), at.now)

    _run(settle)


def rate(period: PeriodName) -> None:
    """抽查差错率及 95% 置信区间 / The error rate of a draw with its interval."""

    async def reckon(at: Inspection) -> str:
        found, waiting = await result_of(at.session, period)
        share = "-" if found.rate is None else f"{found.rate:.1%}"
        return (
            f"差错率 / error rate: {share} ({found.unjustified}/{found.examined}),"
            f" 95%: {found.low:.1%} – {found.high:.1%}; 待认定 / undecided: {waiting}"
        )

    typer.echo(_run(reckon))


def own_person(person: Person) -> None:
    """登记本院人员或其近亲属：今后查询即提示 / Have look-ups of one of the court's own people noticed."""
    number = typer.prompt("证件号码 / certificate number", hide_input=True)

    async def add(at: Inspection) -> None:
        await add_own_person(at.session, at.who, _index(at, person, number), at.now)

    _run(add)


def subject_view(person: Person, purpose: Purpose) -> None:
    """当事人查询何院因何查询过本人（默认关闭） / What a person may be told of look-ups; off unless switched on."""
    number = typer.prompt("证件号码 / certificate number", hide_input=True)

    async def tell(at: Inspection) -> str | None:
        days = at.settings.subject_view_delay_days
        if days is None:
            return None
        index = _index(at, person, number)
        looked = Entry(
            entry_id=new_id(),
            recorded_at=at.now,
            action=AuditAction.AUDIT_SEARCHED,
            actor=at.who,
            subject_index=index,
            purpose=purpose,
        )
        await record(at.session, [looked])
        looks = await looks_at(at.session, index, timedelta(days=days), at.now)
        return "\n".join(
            f"{look.at.isoformat(timespec='seconds')}\t{look.court}\t{look.case_number}\t{look.action}"
            f"\t{look.agency_code or '-'}\t{look.purpose or '-'}"
            for look in looks
        )

    told = _run(tell)
    if told is None:
        typer.echo("未开启 / switched off: LIANDONG_SUBJECT_VIEW_DELAY_DAYS", err=True)
        raise typer.Exit(1)
    typer.echo(told)


def _index(at: Inspection, person: CertificateType, number: str) -> bytes:
    checked = check_certificate(person, number, today=at.now.date())
    return certificate_index(at.vault, checked.certificate_type, checked.normalised)


def _run(work: Callable[[Inspection], Awaitable[T]]) -> T:
    """In one transaction; what a person can put right ends with its text and with 2."""

    async def inspect() -> T:
        settings = Settings()
        keys = load_keys(settings)
        async with schema.open_database(settings) as url:
            engine = create_engine(url, pool_size=3)
            try:
                async with session_factory(engine).begin() as session:
                    return await work(Inspection(engine, session, keys.vault, settings, SystemClock().now()))
            finally:
                await engine.dispose()

    try:
        return asyncio.run(inspect())
    except Refusal as refusal:
        title = TITLES[refusal.code]
        typer.echo(f"{title.zh} / {title.en} {refusal.detail}", err=True)
    except (IdentifierError, NothingSigned, SealExpired, OSError) as error:
        typer.echo(str(error), err=True)
    raise typer.Exit(2)
