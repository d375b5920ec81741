"""The main job, played as a court would do it: over HTTP, against agencies that keep books of their own.

The case of Xie, who owes Liang 85,000 yuan, and a campaign of further cases. All people are invented.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.sandbox.court_client import CourtClient, Refused
from app.sandbox.demo_locating import LocatingDemo
from app.sandbox.demo_measures import MeasuresDemo
from app.sandbox.demo_steps import DemoFailed, Stage, gist, run_program
from app.sandbox.fleet import Fleet, RunningAgency
from app.sandbox.population import Debtor, Part
from app.sandbox.standard import DISTANT_POLICE
from app.vocabulary import AgencyKind

_COURT = {"code": "豫1424", "name": "河南省柘城县人民法院"}
_OFFICER = {
    "name": "王执行",
    "work_permit_number": "豫1424-0017",
    "enforcement_permit_number": "豫执1424017",
    "phone": "0370-0000000",
}
_APPROVER = {
    "name": "李审批",
    "work_permit_number": "豫1424-0003",
    "enforcement_permit_number": "豫执1424003",
    "role": "approver",
}
_CASE = "（2018）豫1424执1352号"
_MEASURES = ["freeze", "renewal", "release", "transfer", "conversion"]
_LOOK_OUTS = ["locate", "recall", "hit_decision"]
_CAPABILITIES = {
    AgencyKind.POLICE: ["asset_query", *_LOOK_OUTS],
    AgencyKind.TAX: ["asset_query", *_MEASURES],
    AgencyKind.LAND: ["asset_query", *_MEASURES],
    AgencyKind.VEHICLE: ["asset_query", *_MEASURES, *_LOOK_OUTS],
    AgencyKind.BANK: ["asset_query", *_MEASURES],
}
_PAPERS = ("ruling", "freeze_notice", "enforcement_notice", "release_notice", "summons")
"""What the measures and the requests to look out travel with."""

_DISTANT = frozenset(agency.code for agency in DISTANT_POLICE)
"""Of other places: they look out, and keep no registers about a county's people."""

_OVER = frozenset({"answered", "refused", "cancelled", "given_up"})
_PATIENCE_SECONDS = 300


@dataclass
class Demo:
    hub_url: str
    client_id: str
    client_secret: str = field(repr=False)
    fleet: Fleet
    console: Console = field(default_factory=Console)

    def prepare(self) -> CourtClient:
        """Register court, officer and agencies where they are not known yet; returns a client of the court."""
        office = CourtClient(self.hub_url, self.client_id, self.client_secret)
        court_id = _court_id(office)
        for agency in self.fleet.all_running():
            _register_agency(office, agency)
        client = office.post(
            "/v1/clients", {"name": "柘城法院办案系统", "role": "court", "court_id": court_id}
        )
        office.close()
        court = CourtClient(self.hub_url, client["client_id"], client["client_secret"])
        known = {officer["work_permit_number"] for officer in court.pages("/v1/officers")}
        for officer in (_OFFICER, _APPROVER):
            if officer["work_permit_number"] not in known:
                court.post("/v1/officers", officer)
        return court

    def play(self, cases: int, data_dir: Path) -> None:
        """Play it all; raises `DemoFailed`."""
        self.console.rule("执行联动 · Joint enforcement")
        court = self.prepare()
        try:
            started = time.monotonic()
            xie = self._register_xie(court)
            rows = self._register_campaign(court, cases)
            self._wait(court, *self._order(court, rows))
            self._show_campaign(court, time.monotonic() - started)
            self._show_xie(court, xie)
            self._play_acts(court, xie, data_dir)
            self._judge()
            self._verify_log(data_dir)
        except Refused as refusal:
            raise DemoFailed(str(refusal)) from refusal
        finally:
            court.close()

    def _play_acts(self, court: CourtClient, case_id: str, data_dir: Path) -> None:
        """What Xie owns is controlled, he is found and pays; then everything goes free."""
        stage = Stage(
            court,
            self.fleet,
            self.console,
            case_id,
            _CASE,
            officer=_OFFICER["work_permit_number"],
            approver=_APPROVER["work_permit_number"],
            papers={kind: court.file_paper(case_id, _CASE, kind=kind)["id"] for kind in _PAPERS},
        )
        measures = MeasuresDemo(stage)
        measures.play()
        LocatingDemo(stage).play()
        measures.conclude(data_dir)

    def _register_xie(self, court: CourtClient) -> str:
        """The case of Xie and Liang, with its notice; returns the case's id."""
        cast = self.fleet.population.characters()
        parties = [
            _party("debtor", cast[Part.DEBTOR].as_written),
            _party("creditor", cast[Part.CREDITOR].as_written),
        ]
        case = court.post("/v1/cases", _case(_CASE, "85000.00", parties))
        court.file_paper(case["id"], _CASE)
        self.console.print(f"案件 {_CASE} 已登记 · case registered: 谢 owes 梁 85,000.00 yuan")
        case_id: str = case["id"]
        return case_id

    def _register_campaign(self, court: CourtClient, count: int) -> list[str]:
        """Further cases, one debtor each; returns the rows of a bulk query."""
        town = self.fleet.population
        xie = town.characters()[Part.DEBTOR].as_written.number
        debtors = [debtor for debtor in town.debtors(count + 1) if debtor.number != xie][:count]
        rows = []
        with _progress(self.console) as progress:
            task = progress.add_task("登记专项行动案件 · registering cases", total=len(debtors))
            for serial, debtor in enumerate(debtors, start=2001):
                number = f"（2018）豫1424执{serial}号"
                case = court.post("/v1/cases", _case(number, "20000.00", [_party("debtor", debtor)]))
                court.file_paper(case["id"], number)
                rows.append(json.dumps(_demand(number, "夏季雷霆专项行动"), ensure_ascii=False))
                progress.advance(task)
        return rows

    def _order(self, court: CourtClient, rows: list[str]) -> tuple[str, str]:
        """Ask everybody: one query for Xie, one batch for the campaign."""
        query = court.post("/v1/asset-queries", _demand(_CASE, "查明被执行人财产状况"))
        batch = court.post_lines("/v1/asset-query-batches", rows)
        if batch["refused"]:
            raise DemoFailed(f"{batch['refused']} rows refused")
        self.console.print(
            f"已受理 · accepted: {query['requests']} + "
            f"{sum(verdict['requests'] for verdict in batch['verdicts'])} requests"
        )
        return query["id"], batch["id"]

    def _wait(self, court: CourtClient, query_id: str, batch_id: str) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        with _progress(self.console) as progress:
            task = progress.add_task("等待各单位答复 · answers", total=None)
            while time.monotonic() < deadline:
                states = Counter(court.get(f"/v1/asset-queries/{query_id}")["states"])
                states.update(court.get(f"/v1/asset-query-batches/{batch_id}")["states"])
                over = sum(count for state, count in states.items() if state in _OVER)
                progress.update(task, completed=over, total=states.total())
                if over == states.total():
                    return
                time.sleep(0.2)
        raise DemoFailed(f"not everything was answered in {_PATIENCE_SECONDS} s: {dict(states)}")

    def _show_campaign(self, court: CourtClient, seconds: float) -> None:
        found: Counter[tuple[str, str]] = Counter()
        money: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for case in court.pages("/v1/cases"):
            for asset in court.pages(f"/v1/cases/{case['id']}/assets"):
                line = (asset["agency_code"], asset["kind"])
                found[line] += 1
                money[line] += Decimal(asset["amount"] or 0)
        table = Table(title=f"查得财产 · what was found ({seconds:.1f} s)")
        for heading in ("单位 Agency", "种类 Kind", "数量 Count", "金额 Amount (CNY)"):
            table.add_column(heading, justify="right" if "C" in heading[-9:] else "left")
        for (agency, kind), count in sorted(found.items()):
            amount = money[agency, kind]
            table.add_row(agency, kind, str(count), f"{amount:,.2f}" if amount else "")
        self.console.print(table)
        if not found:
            raise DemoFailed("nothing was found at all")

    def _show_xie(self, court: CourtClient, case_id: str) -> None:
        table = Table(title=f"谢案 · {_CASE}")
        for heading in ("单位 Agency", "种类 Kind", "事实（脱敏） Facts (masked)", "截至 As of"):
            table.add_column(heading)
        for asset in court.pages(f"/v1/cases/{case_id}/assets"):
            table.add_row(asset["agency_code"], asset["kind"], gist(asset), asset["as_of"][:19])
        self.console.print(table)

    def _judge(self) -> None:
        """By the agencies' own books: every request arrived, and had its effect exactly once."""
        for agency in self.fleet.all_running():
            books = self.fleet.books(agency.agency.code)
            effects = Counter(effect.request_id for effect in books.effects())
            asked = {request.request_id for request in books.requests()}
            twice = [request_id for request_id, count in effects.items() if count > 1]
            if twice or books.altered_repeats():
                raise DemoFailed(f"{agency.agency.code}: {len(twice)} effects were doubled")
            self.console.print(
                f"  {agency.agency.code:<11} {len(asked):>5} 请求 requests, {len(effects):>5} 各一次 once each"
            )

    def _verify_log(self, data_dir: Path) -> None:
        """Export the audit log and verify it with the stand-alone verifier: no database, no settings."""
        bundle, key = data_dir / "audit.bundle", data_dir / "audit.key"
        key.write_text(run_program(data_dir, "-m", "app.cli", "audit", "key"))
        run_program(data_dir, "-m", "app.cli", "audit", "export", str(bundle), "--purpose", "演示核验")
        self.console.print(
            run_program(data_dir, "-m", "app.audit.verify", str(bundle), "--key", str(key)), markup=False
        )


def _court_id(office: CourtClient) -> str:
    for court in office.pages("/v1/courts"):
        if court["code"] == _COURT["code"]:
            court_id: str = court["id"]
            return court_id
    made: str = office.post("/v1/courts", _COURT)["id"]
    return made


def _register_agency(office: CourtClient, running: RunningAgency) -> None:
    """A sandbox agency takes another port each time it is started; one that is known keeps its name and key."""
    agency = running.agency
    known = {row["code"]: row for row in office.pages("/v1/agencies")}
    settings = {"endpoint": running.url, "limits": {"concurrency": 20}}
    capabilities = _LOOK_OUTS if agency.code in _DISTANT else _CAPABILITIES[agency.kind]
    if agency.code in known:
        office.patch(f"/v1/agencies/{agency.code}", {"settings": settings, "capabilities": capabilities})
        return
    key = {"key_id": running.key_id, "public_key": running.public_key}
    office.post(
        "/v1/agencies",
        {
            "code": agency.code,
            "name": agency.name,
            "kind": agency.kind.value,
            "capabilities": capabilities,
            "settings": settings,
            "keys": [key],
        },
    )


def _party(role: str, written: Debtor) -> dict[str, str]:
    return {
        "role": role,
        "name": written.name,
        "certificate_type": written.certificate_type.value,
        "certificate_number": written.number,
    }


def _case(number: str, claim: str, parties: Sequence[dict[str, str]]) -> dict[str, Any]:
    return {
        "case_number": number,
        "cause": "民间借贷纠纷",
        "legal_basis": "（2017）豫1424民初1024号民事判决书",
        "claim_amount": claim,
        "officer": _OFFICER["work_permit_number"],
        "opened_on": "2018-03-05",
        "parties": list(parties),
    }


def _demand(number: str, purpose: str) -> dict[str, Any]:
    return {"case_number": number, "officer": _OFFICER["work_permit_number"], "purpose": purpose}


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
