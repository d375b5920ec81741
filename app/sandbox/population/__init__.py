"""An invented population that all sandbox registries agree on: one person's accounts, house, car, taxes and past.

Nobody here exists: the numbers are valid in form and carry region codes that were never assigned (see `numbers`).
Everything follows from the seed and an index, so a registry makes what it is asked for and keeps no list.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.sandbox.population import banking, offices, registers
from app.sandbox.population.cast import CAST, INDEX, Part
from app.sandbox.population.records import (
    BankAccount,
    Company,
    Debtor,
    Person,
    PoliceRecord,
    RealEstate,
    Subject,
    TaxRecord,
    Vehicle,
    WealthProduct,
)
from app.sandbox.population.town import Town

__all__ = ["Character", "Company", "Debtor", "Part", "Person", "Population", "Subject"]


@dataclass(frozen=True, slots=True)
class Character:
    """A named person, with the story that makes them worth naming and what a court writes down for them."""

    part: Part
    person: Person
    as_written: Debtor
    story_zh: str
    story_en: str


@dataclass(frozen=True, slots=True)
class Population(Town):
    """The town with its books. `person`, `company`, `find`, `spouse` and `debtors` come from `Town`."""

    def characters(self) -> Mapping[Part, Character]:
        """The fixed cast, in order of index: `Part.DEBTOR` is person 0, `Part.CREDITOR` person 1."""
        return MappingProxyType({part: self._as_character(index) for part, index in INDEX.items()})

    def accounts(self, subject: Subject, bank_code: str | None = None) -> tuple[BankAccount, ...]:
        """Accounts at one bank, or at all of them."""
        every = banking.accounts(self, subject)
        return tuple(account for account in every if bank_code in {None, account.bank_code})

    def wealth_products(self, subject: Subject, bank_code: str | None = None) -> tuple[WealthProduct, ...]:
        """Products bought at one bank, or at all of them."""
        every = banking.wealth_products(self, subject)
        return tuple(product for product in every if bank_code in {None, product.bank_code})

    def houses(self, subject: Subject) -> tuple[RealEstate, ...]:
        """All that the subject owns, under whatever number the register keeps it."""
        return registers.houses(self, subject)

    def houses_under(self, numbers: Collection[str]) -> tuple[RealEstate, ...]:
        """What a land registry finds, which compares numbers as written: 15 digits are not their 18."""
        subjects = {subject.number: subject for number in numbers if (subject := self.find(number))}
        return tuple(
            house
            for subject in subjects.values()
            for house in registers.houses(self, subject)
            if any(holder.certificate_number in numbers for holder in house.holders)
        )

    def vehicles(self, subject: Subject) -> tuple[Vehicle, ...]:
        return registers.vehicles(self, subject)

    def tax_record(self, subject: Subject) -> TaxRecord | None:
        return offices.tax_record(self, subject)

    def police_record(self, person: Person) -> PoliceRecord | None:
        return offices.police_record(self, person)

    def _as_character(self, index: int) -> Character:
        role, person = CAST[index], self.person(index)
        written = Debtor(role.written_name or person.name, person.certificate_type, person.number)
        return Character(role.part, person, written, role.story_zh, role.story_en)
