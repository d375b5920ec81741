"""`liandong audit …`. `verify` and `verify-receipt` need their arguments only; what needs keys or database is imported when asked for."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from app.audit.selection import Selection
from app.audit.verify import verify_file
from app.audit.verify_receipt import verify_receipt_file
from app.audit.verify_tiles import verify_published
from app.clock import SystemClock
from app.crypto import Vault
from app.identifiers import CaseNumber, IdentifierError, check_certificate
from app.vocabulary import CertificateType

if TYPE_CHECKING:
    from app.audit.search import FoundEntry

CertificateIndex = Callable[[Vault, CertificateType, str], bytes]
"""How the hub finds a person again by a normalised certificate number."""

Case = Annotated[str | None, typer.Option(help="案号 / case number")]
Person = Annotated[
    CertificateType | None,
    typer.Option(help="当事人证件种类，号码另行输入 / certificate type of a person; the number is asked for"),
]
Officer = Annotated[str | None, typer.Option(help="执行人员工作证编号 / officer's work permit")]
Agency = Annotated[str | None, typer.Option(help="协助执行单位代码 / agency code")]
Since = Annotated[datetime | None, typer.Option(help="起（含），UTC / from, included, in UTC")]
Until = Annotated[datetime | None, typer.Option(help="止（不含），UTC / until, excluded, in UTC")]
Purpose = Annotated[str, typer.Option(help="查阅理由，记入日志 / why you look; it goes into the log")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="最多条数 / at most so many")]
AsJson = Annotated[bool, typer.Option("--json", help="逐条原文 / entries as they stand in the log")]


@dataclass(frozen=True, slots=True)
class Question:
    case: str | None
    person: CertificateType | None
    officer: str | None
    agency: str | None
    since: datetime | None
    until: datetime | None
    number: str | None = field(default=None, repr=False)

    def asked(self) -> "Question":
        """With the person's number, which is typed unseen: arguments are kept by shells and shown to everybody."""
        if self.person is None:
            return self
        number = typer.prompt("证件号码 / certificate number", hide_input=True)
        return Question(self.case, self.person, self.officer, self.agency, self.since, self.until, number)

    def selection(self, vault: Vault, index: CertificateIndex) -> Selection:
        """Raises IdentifierError when the case or certificate number is none."""
        subject = None
        if self.person is not None and self.number is not None:
            today = SystemClock().now().date()
            certificate = check_certificate(self.person, self.number, today=today)
            subject = index(vault, certificate.certificate_type, certificate.normalised)
        return Selection(
            case_number=None if self.case is None else str(CaseNumber.parse(self.case).case),
            subject_index=subject,
            officer=self.officer,
            agency_code=self.agency,
            since=self.since and self.since.replace(tzinfo=UTC),
            until=self.until and self.until.replace(tzinfo=UTC),
        )


def audit_commands(index: CertificateIndex) -> typer.Typer:
    """The sub-application. How persons are indexed is a rule of a higher room, so it is handed in."""
    commands = typer.Typer(
        help="审计日志 / the audit log", no_args_is_help=True, pretty_exceptions_show_locals=False
    )
    commands.command()(verify)
    commands.command()(verify_receipt)
    commands.command()(key)

    @commands.command()
    def search(  # noqa: PLR0913, PLR0917 - one option for each question
        purpose: Purpose,
        case: Case = None,
        person: Person = None,
        officer: Officer = None,
        agency: Agency = None,
        since: Since = None,
        until: Until = None,
        limit: Limit = 1_000,
        as_json: AsJson = False,  # noqa: FBT002 - a switch
    ) -> None:
        """谁查询过谁、理由为何 / Who looked at whom, and why; the newest first."""
        question = Question(case, person, officer, agency, since, until).asked()
        for line in _search(question, index, purpose, limit):
            typer.echo(_as_in_the_log(line) if as_json else _as_read(line))

    @commands.command()
    def export(  # noqa: PLR0913, PLR0917 - as above
        bundle: Annotated[Path, typer.Argument(help="写入的文件 / the file to write")],
        purpose: Purpose,
        case: Case = None,
        person: Person = None,
        officer: Officer = None,
        agency: Agency = None,
        since: Since = None,
        until: Until = None,
    ) -> None:
        """导出可离线验证的文件 / Write a bundle: the whole log, or what the options select."""
        question = Question(case, person, officer, agency, since, until).asked()
        _export(question, index, purpose, bundle)

    return commands


def verify(
    source: Annotated[
        str, typer.Argument(help="审计文件、哈希块文件夹或网址 / a bundle, a folder of tiles, or an address")
    ],
    key: Annotated[list[str], typer.Option(help="公钥或见证策略 / verifier key or policy, or its file")],
    kept: Annotated[
        Path | None, typer.Option(help="您保存的或见证方的检查点 / a checkpoint kept, or a witness's")
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="LIANDONG_TOKEN", help="审计访问令牌 / auditor's token, for entries")
    ] = None,
) -> None:
    """离线验证：0 通过，1 不通过，2 无法验证 / Verify; ends with 0 good, 1 bad, 2 unusable."""
    if Path(source).is_dir() or source.startswith(("https://", "http://")):
        verdict = verify_published(source, key, kept, token)
    else:
        verdict = verify_file(Path(source), key, kept)
    typer.echo(verdict.render())
    raise typer.Exit(verdict.outcome)


def verify_receipt(
    receipt: Annotated[Path, typer.Argument(help="回执 / the receipt")],
    keys: Annotated[
        list[str],
        typer.Option(help="公钥、见证策略或 PEM 文件，可多次 / keys, a policy, PEM files; repeatable"),
    ],
    message: Annotated[
        list[Path] | None, typer.Option(help="报文，核对其摘要 / a message, held against the digests")
    ] = None,
) -> None:
    """离线核验回执 / Verify a receipt without hub, database or network; ends as `verify` does."""
    verdict = verify_receipt_file(receipt, keys, message or ())
    typer.echo(verdict.render())
    raise typer.Exit(verdict.outcome)


def key() -> None:
    """显示验证公钥，应交外部保存 / Show the verifier key, for outsiders to keep."""
    from app.audit.desk import verifier_key  # noqa: PLC0415 - see the top

    with _explained():
        typer.echo(str(verifier_key()))


def _search(question: Question, index: CertificateIndex, purpose: str, limit: int) -> list["FoundEntry"]:
    """At most `limit`; that there are more is said, since whoever asks takes the list for whole."""
    from app.audit.desk import open_desk  # noqa: PLC0415 - see the top

    async def look() -> list["FoundEntry"]:
        async with open_desk(SystemClock()) as desk:
            return await desk.search(question.selection(desk.vault, index), purpose, limit + 1)

    with _explained():
        found = asyncio.run(look())
    if len(found) > limit:
        typer.echo(
            f"仅列最新 {limit} 条，另有更早记录 / only the newest {limit}; there are older ones", err=True
        )
    return found[:limit]


def _as_in_the_log(found: "FoundEntry") -> str:
    return f"{_place(found)}\t{found.entry.to_bytes().decode()}"


def _as_read(found: "FoundEntry") -> str:
    """Place, time, deed, by whom, officer, agency, case, why, outcome: a line that people read and programs split."""
    entry = found.entry
    cells = (
        _place(found),
        entry.recorded_at.isoformat(timespec="seconds"),
        entry.action,
        f"{entry.actor.kind} {entry.actor.id}",
        entry.officer,
        entry.agency_code,
        entry.case_number,
        entry.purpose,
        entry.outcome,
    )
    # What others wrote into an entry must not look like another line, nor move a terminal's cursor.
    return "\t".join("".join(sign if sign.isprintable() else " " for sign in cell or "-") for cell in cells)


def _place(found: "FoundEntry") -> str:
    return "-" if found.index is None else str(found.index)


def _export(question: Question, index: CertificateIndex, purpose: str, bundle: Path) -> None:
    from app.audit.desk import open_desk  # noqa: PLC0415 - see the top

    async def write(out: BinaryIO) -> None:
        async with open_desk(SystemClock()) as desk:
            selection = question.selection(desk.vault, index)
            await desk.export(out, None if selection == Selection() else selection, purpose)

    draft = bundle.with_name(f"{bundle.name}.part")  # a bundle that was broken off never bears the asked name
    with _explained():
        try:
            draft.touch(mode=0o600)  # it tells of cases and officers
            with draft.open("wb") as out:
                asyncio.run(write(out))
            draft.replace(bundle)
        finally:
            draft.unlink(missing_ok=True)


@contextmanager
def _explained() -> Iterator[None]:
    """What a person can put right ends with its text and with 2, as an unusable input does."""
    from app.audit.bundle import NothingSigned  # noqa: PLC0415 - see the top
    from app.keys import KeysMissing  # noqa: PLC0415 - see the top
    from app.postgres import PostgresUnusable  # noqa: PLC0415 - see the top

    try:
        yield
    except (NothingSigned, KeysMissing, PostgresUnusable, IdentifierError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
