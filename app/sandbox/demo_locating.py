"""The third act: Xie is looked for far away, taken for another, found, handed over; he pays, and nobody looks any more."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from rich.table import Table

from app.clock import SystemClock
from app.measures.terms import day_in_china
from app.sandbox.books import Books
from app.sandbox.demo_steps import DemoFailed, Stage
from app.sandbox.lookout.street import NobodyThere
from app.sandbox.population import Part
from app.vocabulary import HitConfidence

_HOME, _AKSU, _ILI, _TRAFFIC = "POLICE-ZC", "POLICE-AKS", "POLICE-YN", "VEHICLE-ZC"
_DUTY_PHONE = "0370-7210110"
_VALID = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class _Met:
    """A hit: its id at the hub, and that of the police."""

    hit_id: str
    police_id: UUID


@dataclass(frozen=True, slots=True)
class LocatingDemo:
    """The accounts, the house and the car are under control, and it does not suffice: the man has to be found."""

    stage: Stage

    def play(self) -> None:
        """Raises `DemoFailed` when a step does not come true."""
        self.stage.console.rule("查找 · Looking out")
        him = self._look_for_him()
        car = self._look_for_his_car()
        try:
            self._another_in_aksu(him)
            self._take_over(self._found_in_ili(him))
        except NobodyThere as nobody:
            raise DemoFailed("by their own books the police look for nobody, or hold nobody") from nobody
        self._pay()
        self._recalled_by_all(him, car)
        self._judge()

    # Two requests, each on a ground of its own ---------------------------------------------------------------

    def _look_for_him(self) -> str:
        """Summoned twice in vain, so he may be fetched: by the police of home and of where his traces lead."""
        ground = {
            "ground": "summons_by_force",
            "purpose": "查找被执行人并拘传到案",
            "urgency": "urgent",
            "agencies": {"codes": [_HOME, _AKSU, _ILI]},
            "last_known_places": ["新疆维吾尔自治区阿克苏市", "新疆维吾尔自治区伊宁市"],
        }
        him = self._look_out("summons", ground)
        self._say("布控 · 谢 is looked for", him)
        return him

    def _look_for_his_car(self) -> str:
        """Sealed in the register, but nobody knows where it is (Property Investigation Rules §16)."""
        freezes = self.stage.court.pages(f"/v1/cases/{self.stage.case_id}/freezes")
        seal = next(freeze for freeze in freezes if freeze["thing"]["kind"] == "vehicle")
        ground = {
            "ground": "seizure_ruling",
            "purpose": "查找已查封车辆",
            "freeze_id": seal["id"],
            "agencies": {"codes": [_TRAFFIC]},
        }
        car = self._look_out("ruling", ground)
        self._say("查找车辆 · his sealed car is looked for", car)
        return car

    def _look_out(self, paper: str, ground: dict[str, Any]) -> str:
        """Ordered by one officer, approved by the other, entered by every holder; the request's address."""
        stage = self.stage
        demand = {
            "case_id": stage.case_id,
            "debtor_id": self._debtor_id(),
            "officer": stage.officer,
            "documents": [stage.papers[paper], stage.papers["enforcement_notice"]],
            "action": "hold_and_notify",
            "duty_phone": _DUTY_PHONE,
            "valid_until": (SystemClock().now() + _VALID).isoformat(),
            **ground,
        }
        path = f"/v1/locate-requests/{stage.court.post('/v1/locate-requests', demand)['id']}"
        stage.court.post(f"{path}/decision", {"officer": stage.approver, "approve": True, "note": "同意"})
        stage.until("every holder looks out", lambda: self._all_are(path, "active"))
        return path

    def _debtor_id(self) -> str:
        parties = self.stage.court.get(f"/v1/cases/{self.stage.case_id}")["parties"]
        debtor_id: str = next(party["id"] for party in parties if party["role"] == "debtor")
        return debtor_id

    # Two sightings --------------------------------------------------------------------------------------------

    def _another_in_aksu(self, him: str) -> None:
        """A lead only: whoever was met there resembles him, and goes free."""
        met = self._sighting(him, _AKSU, "阿克苏市某某宾馆", HitConfidence.POSSIBLE)
        self._decide(met, "not_him", "照片比对，不是被执行人")
        books = self.stage.fleet.books(_AKSU)
        self.stage.until(
            "Aksu knows that it is not him",
            lambda: met.police_id in {decided.hit_id for decided in books.hit_decisions()},
        )
        if books.holds() or self._custodies(him):
            raise DemoFailed("somebody was held in Aksu who is not the debtor")
        self._print("  核实：非本人，未采取任何控制 · not him, nobody was held")

    def _found_in_ili(self, him: str) -> dict[str, Any]:
        """Nobody is held before the officer has said that it is him."""
        met = self._sighting(him, _ILI, "伊犁州伊宁市某某路口", HitConfidence.CERTAIN)
        if self.stage.fleet.books(_ILI).holds():
            raise DemoFailed("the police held somebody before the court had confirmed the hit")
        self._decide(met, "confirmed", "照片和证件号码一致")
        self.stage.until("the police hold him", lambda: bool(self._custodies(him)))
        [custody] = self._custodies(him)
        self._print(
            f"  核实：属实，{custody['agency_code']} 已控制，待法院接走 · confirmed; held, "
            f"to be taken over by {custody['hand_over_due_at'][:16]}Z"
        )
        self.stage.fleet.hand_over(_ILI, met.police_id, "身份证", "车钥匙")
        return custody

    def _sighting(self, him: str, code: str, place: str, confidence: HitConfidence) -> _Met:
        """Let him be seen, and wait until the court reads of it."""
        debtor = self.stage.fleet.population.characters()[Part.DEBTOR].as_written
        known = len(self._hits(him))
        seen = time.monotonic()
        [reported] = self.stage.fleet.sighting(code, debtor.number, place, confidence=confidence)
        self.stage.until("the court hears of the sighting", lambda: len(self._hits(him)) > known)
        seconds = time.monotonic() - seen
        hit = self.stage.court.get(f"/v1/hits/{self._hits(him)[0]['id']}")
        assert reported.hit_id is not None
        self._print(
            f"线索 · hit: {hit['agency_code']} {hit['place']} ({hit['confidence']}), "
            f"{seconds:.1f} 秒到达法院 seconds to the court"
        )
        return _Met(hit["id"], reported.hit_id)

    def _decide(self, met: _Met, decision: str, note: str) -> None:
        said = {"officer": self.stage.officer, "decision": decision, "note": note}
        self.stage.court.post(f"/v1/hits/{met.hit_id}/decision", said)

    # Hand-over, payment, recall -------------------------------------------------------------------------------

    def _take_over(self, custody: dict[str, Any]) -> None:
        """The police say that he went with the court; the court completes the record by who took him."""
        path = f"/v1/custodies/{custody['id']}"
        self.stage.until(
            "the police say that they handed over",
            lambda: self.stage.court.get(path)["state"] == "handed_over",
        )
        taken = self.stage.court.get(path)
        record = {
            "officer": self.stage.officer,
            "taken_over_at": taken["handed_over_at"],
            "place": "伊宁市公安局",
            "came_along": taken["came_along"],
        }
        made = self.stage.court.post(f"{path}/hand-over", record)
        self._print(
            f"移交 · handed over to {made['taken_by']} at {made['handed_over_place']},"
            f" 随身 with {'、'.join(made['came_along'])}"
        )

    def _pay(self) -> None:
        """In full: from now on there is no ground to look for his car either."""
        path = f"/v1/cases/{self.stage.case_id}"
        owed = self.stage.court.get(f"{path}/claim")["outstanding"]["total"]
        payment = {
            "officer": self.stage.officer,
            "kind": "payment",
            "amount": owed,
            "booked_on": day_in_china(SystemClock().now()).isoformat(),
            "note": "被执行人当场给付",
        }
        claim = self.stage.court.post(f"{path}/claim-entries", payment)
        if not claim["settled"]:
            raise DemoFailed(f"still owed after payment in full: {claim['outstanding']['total']}")
        self._print(f"履行 · paid in full: {owed}; 尚欠 still owed {claim['outstanding']['total']}")

    def _recalled_by_all(self, *paths: str) -> None:
        """The hand-over ended the search for him, the payment that for his car; each holder has to confirm."""
        self.stage.until(
            "every holder confirmed the recall",
            lambda: all(self.stage.court.get(path)["state"] == "ended" for path in paths),
        )
        self._show(paths)
        waiting = list(self.stage.court.pages("/v1/locate-entries/recalling"))
        unconfirmed = [
            entry["agency_code"]
            for path in paths
            for entry in self._entries(path)
            if entry["ending"] != "confirmed"
        ]
        if waiting or unconfirmed:
            raise DemoFailed(f"{len(waiting)} recalls open, not confirmed by {unconfirmed}")

    def _judge(self) -> None:
        """By the books of those who looked out: nobody looks any more, nobody was held without the court's word."""
        for code in (_HOME, _AKSU, _ILI, _TRAFFIC):
            books: Books = self.stage.fleet.books(code)
            if books.live_look_outs() or books.unlawful_holds():
                raise DemoFailed(f"{code} still looks out, or held somebody unasked")
        self._print("各单位台账：无在控布控，无未经核实的控制 · by their own books nobody looks out any more")

    # What the steps above share -------------------------------------------------------------------------------

    def _entries(self, path: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.stage.court.get(path)["entries"]
        return entries

    def _all_are(self, path: str, state: str) -> bool:
        """Raises `DemoFailed` at once where a holder refuses."""
        states = {entry["state"] for entry in self._entries(path)}
        if "refused" in states:
            raise DemoFailed("a holder refused to look out")
        return states == {state}

    def _hits(self, path: str) -> list[dict[str, Any]]:
        """Newest first."""
        return list(self.stage.court.pages("/v1/hits", locate_request_id=path.rpartition("/")[2]))

    def _custodies(self, path: str) -> list[dict[str, Any]]:
        return list(self.stage.court.pages("/v1/custodies", locate_request_id=path.rpartition("/")[2]))

    def _say(self, what: str, path: str) -> None:
        request = self.stage.court.get(path)
        states = ", ".join(f"{entry['agency_code']} {entry['state']}" for entry in request["entries"])
        self._print(f"{what} ({request['ground']}): {states}")

    def _print(self, text: str) -> None:
        self.stage.console.print(text, markup=False, highlight=False)

    def _show(self, paths: Sequence[str]) -> None:
        table = Table(title="撤控，逐一确认 · recalled, each holder confirmed")
        for heading in ("单位 Holder", "对象 Wanted", "状态 State", "事由 Why", "如何确知 Ending"):
            table.add_column(heading)
        for path in paths:
            request = self.stage.court.get(path)
            for entry in request["entries"]:
                table.add_row(
                    entry["agency_code"],
                    request["wanted"],
                    entry["state"],
                    f"{request['end_reason']}：{request['end_note']}",
                    entry["ending"] or "",
                )
        self.stage.console.print(table)
