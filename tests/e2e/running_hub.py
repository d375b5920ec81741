"""A running hub as its users meet it: court, operator and agency know its address and nothing else.

The judges of what happened are the court's own list of what was accepted, and the books of the sandbox agencies.
"""

import itertools
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import httpx
import psycopg

from app import administration
from app.database import libpq_url
from app.keys import load_keys
from app.launcher import Launcher
from app.sandbox.books import Books
from app.sandbox.court_client import CourtClient
from app.sandbox.faults import Fault
from app.sandbox.fleet import Fleet, HubLink, RunningAgency, SandboxAgency
from app.sandbox.population import Debtor
from app.settings import Settings
from app.vocabulary import AgencyKind, Role
from tests.conftest import RUNS

T = TypeVar("T")
Json = dict[str, Any]

QUICK: Json = {
    "limits": {"concurrency": 20, "connect_seconds": 1, "read_seconds": 0.6, "total_seconds": 1.5},
    "retries": {"backoff_seconds": [0.1, 0.2], "max_attempts": 60},
    "breaker": {"failures": 1000, "open_seconds": 0.5},
}
"""Settings of an agency that let a test see in a second what takes an hour in a county."""

OVER = {"answered", "refused", "cancelled", "given_up"}
_PAPER = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
_SERIALS = itertools.count(1)
_COURTS = itertools.count(1401)


def until(reached: Callable[[], T], seconds: float = 60) -> T:
    """Ask again until the answer is yes, and return it; other processes send no event to wait for."""
    deadline = time.monotonic() + seconds
    while not (answer := reached()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {answer!r}")
        time.sleep(0.03)
    return answer


class Bearer(httpx.Auth):
    """Takes a token when there is none or it is refused."""

    requires_response_body = True

    def __init__(self, url: str, client_id: str, client_secret: str) -> None:
        self._credentials = httpx.BasicAuth(client_id, client_secret)
        self._url = f"{url}/oauth/token"
        self.token = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        for _ in range(2):
            if not self.token:
                form = httpx.Request("POST", self._url, data={"grant_type": "client_credentials"})
                answer = yield next(self._credentials.auth_flow(form))
                self.token = answer.json()["access_token"]
            request.headers["Authorization"] = f"Bearer {self.token}"
            answer = yield request
            if answer.status_code != 401:
                return
            self.token = ""


@dataclass(frozen=True)
class Case:
    id: str
    number: str
    debtors: tuple[Debtor, ...]
    debtor_ids: tuple[str, ...]
    document_id: str


@dataclass
class Court:
    """A court's case-handling software."""

    id: str
    code: str
    officer: str
    http: httpx.Client
    patient: CourtClient
    """Sends again what got no answer."""

    def case(self, *debtors: Debtor, notice: bool = True) -> Case:
        number = f"（2026）{self.code}执{next(_SERIALS)}号"
        made = self.patient.post("/v1/cases", self.new_case(number, *debtors))
        paper = self.patient.file_paper(made["id"], number)["id"] if notice else ""
        ids = tuple(party["id"] for party in made["parties"])
        return Case(made["id"], made["case_number"], debtors, ids, paper)

    def new_case(self, number: str, *debtors: Debtor) -> Json:
        return {
            "case_number": number,
            "cause": "民间借贷纠纷",
            "legal_basis": "（2025）豫1424民初1024号民事判决书",
            "claim_amount": "85000.00",
            "officer": self.officer,
            "opened_on": "2026-03-05",
            "parties": [
                {
                    "role": "debtor",
                    "name": debtor.name,
                    "certificate_type": debtor.certificate_type.value,
                    "certificate_number": debtor.number,
                }
                for debtor in debtors
            ],
        }

    def demand(self, case: Case, *codes: str) -> Json:
        demand: Json = {
            "case_number": case.number,
            "officer": self.officer,
            "purpose": "查明被执行人财产状况",
        }
        return demand | ({"agencies": {"codes": codes}} if codes else {})

    def ask(self, case: Case, *codes: str) -> str:
        """Order a query of these agencies, or of all; returns its id."""
        accepted = self.http.post("/v1/asset-queries", json=self.demand(case, *codes))
        assert accepted.status_code == 202, accepted.text
        query_id: str = accepted.json()["id"]
        return query_id

    def parts(self, query_id: str) -> list[Json]:
        answer = self.http.get(f"/v1/asset-queries/{query_id}")
        assert answer.status_code == 200, answer.text
        parts: list[Json] = answer.json()["parts"]
        return parts

    def part(self, query_id: str) -> Json:
        """The one part of a query for one debtor at one agency."""
        [part] = self.parts(query_id)
        return part

    def wait(self, query_id: str, *states: str) -> list[Json]:
        """The parts of a query, when all of them are in one of these states (or over)."""
        wanted = set(states) or OVER

        def reached() -> list[Json]:
            parts = self.parts(query_id)
            return parts if all(part["state"] in wanted for part in parts) else []

        return until(reached)

    def events(self, query_id: str | None = None, after: int = 0) -> list[Json]:
        """All events after a number, or those of one query."""
        found: list[Json] = []
        while page := self.http.get("/v1/events", params={"after": after}).json()["items"]:
            after = page[-1]["number"]
            found += page
        return [event for event in found if query_id in {None, event["order_id"]}]

    def told(self, query_id: str) -> list[str]:
        """The types of the events about one query, in their order."""
        return [event["type"] for event in self.events(query_id)]

    def assets(self, case: Case) -> list[Json]:
        return list(self.patient.pages(f"/v1/cases/{case.id}/assets"))


@dataclass
class RunningHub:
    launcher: Launcher
    fleet: Fleet
    administrator: httpx.Client
    operator: httpx.Client
    auditor: httpx.Client
    stack: ExitStack = field(repr=False)
    """Closes what was opened for the hub."""

    @property
    def url(self) -> str:
        return self.launcher.url

    @property
    def data_dir(self) -> Path:
        return self.launcher.data_dir

    def enrol(self, running: RunningAgency, **settings: Any) -> None:
        """Make an agency known to the hub."""
        agency = running.agency
        key = {"key_id": running.key_id, "public_key": running.public_key}
        self.register(agency.code, agency.kind, running.url, key, **settings)

    def register(
        self,
        code: str,
        kind: AgencyKind,
        endpoint: str,
        *keys: Json,
        capabilities: Sequence[str] = ("asset_query",),
        **settings: Any,
    ) -> None:
        """Make an agency known that is none of the fleet's."""
        self._made(
            "/v1/agencies",
            {
                "code": code,
                "name": f"{code}示例单位",
                "kind": kind.value,
                "capabilities": capabilities,
                "settings": {"endpoint": endpoint, **QUICK, **settings},
                "keys": keys,
            },
        )

    @contextmanager
    def visited_by(
        self, code: str, kind: AgencyKind, endpoint: str, *keys: Json, **given: Any
    ) -> Iterator[None]:
        """An agency that is asked no more afterwards, when another test asks all."""
        self.register(code, kind, endpoint, *keys, **given)
        yield
        self.administrator.patch(f"/v1/agencies/{code}", json={"active": False})

    def change(self, code: str, **settings: Any) -> None:
        """Give an agency other settings than the quick ones."""
        endpoint = self.fleet.running(code).url
        answer = self.administrator.patch(
            f"/v1/agencies/{code}", json={"settings": {"endpoint": endpoint, **QUICK, **settings}}
        )
        assert answer.status_code == 200, answer.text

    def lane(self, code: str) -> Json:
        lanes: list[Json] = self.operator.get("/v1/lanes").json()["items"]
        return next(lane for lane in lanes if lane["key"] == f"agency:{code}")

    def court(self) -> Court:
        """A new court with an officer and a client of its own."""
        code = f"豫{next(_COURTS)}"
        court_id = self._made("/v1/courts", {"code": code, "name": f"{code}人民法院"})["id"]
        client = self._made("/v1/clients", {"name": f"{code}办案系统", "role": "court", "court_id": court_id})
        permit = f"{code}-0017"
        self._made(
            "/v1/officers",
            {
                "court_id": court_id,
                "name": "王执行",
                "work_permit_number": permit,
                "enforcement_permit_number": "豫执1424017",
            },
        )
        http = self.client(client["client_id"], client["client_secret"])
        patient = CourtClient(self.url, client["client_id"], client["client_secret"])
        self.stack.callback(patient.close)
        return Court(court_id, code, permit, http, patient)

    def client(self, client_id: str, client_secret: str) -> httpx.Client:
        return self.stack.enter_context(_client(self.url, client_id, client_secret))

    def debtors(self, count: int) -> tuple[Debtor, ...]:
        """Residents whom the registries know: the odd characters of the cast are left out."""
        return self.fleet.population.debtors(count + 12)[12:]

    def books(self, code: str) -> Books:
        return self.fleet.books(code)

    def entries(self, since: datetime, **filters: Any) -> list[Json]:
        """Audit entries from an instant on, the newest first."""
        parameters: Json = {"since": since.isoformat(), "limit": 200, **filters}
        items: list[Json] = []
        while True:
            answer = self.auditor.get("/v1/audit/entries", params=parameters)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            items += page["items"]
            if page["next"] is None:
                return items
            parameters["after"] = page["next"]

    def actions(self, since: datetime, action: str, **filters: Any) -> list[Json]:
        """Audit entries of one kind of deed."""
        return [entry for entry in self.entries(since, **filters) if entry["action"] == action]

    def parked(self, agency_code: str, since: datetime) -> list[bytes]:
        """The raw bytes of an agency that were put aside for a person since an instant: no API shows them."""
        vault = load_keys(Settings(data_dir=self.data_dir)).vault
        with psycopg.connect(libpq_url(self.launcher.database_url)) as connection:
            rows = connection.execute(
                "SELECT body FROM messages JOIN agencies ON agencies.id = agency_id"
                " WHERE code = %s AND at >= %s AND parked_reason IS NOT NULL ORDER BY messages.id",
                [agency_code, since],
            ).fetchall()
        return [vault.open(body, "messages.body") for (body,) in rows]

    @contextmanager
    def faulty(self, code: str, *faults: Fault) -> Iterator[None]:
        """Let an agency misbehave for a while."""
        self.fleet.switch_faults(code, *faults)
        try:
            yield
        finally:
            self.fleet.switch_faults(code)

    def _made(self, path: str, body: Json) -> Json:
        answer = self.administrator.post(path, json=body)
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made


def _client(url: str, client_id: str, client_secret: str) -> httpx.Client:
    return httpx.Client(base_url=url, auth=Bearer(url, client_id, client_secret), timeout=60, trust_env=False)


@contextmanager
def running_hub(
    agencies: Sequence[SandboxAgency], *, api_processes: int = 1, workers: int = 1
) -> Iterator[RunningHub]:
    """Hub and agencies as processes, in a folder of their own; the agencies are not enrolled yet."""
    with ExitStack() as stack:
        # Not below `tmp_path`: as root, pytest closes that to the account which the server runs as.
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="liandong-e2e-", dir=RUNS)))
        folder.chmod(0o711)
        stack.push(_tell_what_the_logs_say(folder / "logs"))
        settings = Settings(data_dir=folder)
        launcher = Launcher(settings, api_processes=api_processes, workers=workers)
        for service in launcher.services:
            service.environment = {**service.environment, "LIANDONG_WEBHOOK_PRIVATE_ADDRESSES": "true"}
        stack.enter_context(launcher)
        link = HubLink(launcher.url, administration.hub_public_keys(settings))
        fleet = stack.enter_context(Fleet(folder / "sandbox", link, agencies))

        def client(role: Role) -> httpx.Client:
            credentials = administration.make_client(settings, role.value, role)
            return stack.enter_context(_client(launcher.url, *credentials))

        yield RunningHub(
            launcher,
            fleet,
            administrator=client(Role.ADMINISTRATOR),
            operator=client(Role.OPERATOR),
            auditor=client(Role.AUDITOR),
            stack=stack,
        )


def _tell_what_the_logs_say(logs: Path) -> Callable[[type | None, BaseException | None, object], None]:
    """For a failure while a hub is being used by the fixture that started it; the folder goes with it."""

    def tell(_kind: type | None, error: BaseException | None, _trace: object) -> None:
        if error is not None:
            for log in sorted(logs.glob("*.log")):
                lines = [line for line in log.read_text().splitlines() if '"level": "info"' not in line]
                error.add_note("\n".join([log.name, *lines[-15:]]))

    return tell


def now() -> datetime:
    return datetime.now(UTC)
