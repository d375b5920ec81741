"""Who lives here. Each is drawn from the seed and the index alone, so any one can be made without the others."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from random import Random

from app.identifiers import Sex
from app.identifiers.spelling import compact
from app.sandbox.population import names, numbers
from app.sandbox.population.cast import CAST, INDEX, Part, Role
from app.sandbox.population.records import Bank, Company, Debtor, Person, Subject
from app.vocabulary import CertificateType

_FIRST_BIRTH = date(1950, 1, 1)
_BIRTH_SPAN_IN_DAYS = 365 * 50
_PEOPLE_PER_COMPANY = 8
_MARRIED = 0.55
_FIRST_YEAR_OF_BOOKS = 2023
_FORMER_NAME = 0.04


@dataclass(frozen=True, slots=True)
class Town:
    """`size` persons, the cast among them, one company to eight of them, and the banks they all go to.

    The registries of one sandbox agree because each of them makes the same town: same arguments, same people.
    `as_of` is the day on which the books are read; what runs on that day has not ended.
    The youngest company is of 2022, so it must be later.
    """

    seed: int
    size: int
    bank_codes: tuple[str, ...] = ("bank-1",)
    as_of: date = date(2026, 11, 1)

    def __post_init__(self) -> None:
        if not len(CAST) < self.size <= numbers.LIMIT:
            raise ValueError(f"a population has {len(CAST) + 1} to {numbers.LIMIT} people")
        if not self.bank_codes:
            raise ValueError("a population needs a bank")
        if self.as_of.year < _FIRST_YEAR_OF_BOOKS:
            raise ValueError(f"the books begin in {_FIRST_YEAR_OF_BOOKS}")

    def dice(self, topic: str, index: int) -> Random:
        """The dice for one thing about one subject.

        Seeded with text, which Random hashes by SHA-512: the same in every process, unlike `hash()`.
        """
        return Random(f"{self.seed}/{topic}/{index}")  # noqa: S311 - invented people need no secrecy

    @property
    def banks(self) -> tuple[Bank, ...]:
        return tuple(Bank(code, f"示例第{place}银行") for place, code in enumerate(self.bank_codes, 1))

    @property
    def company_count(self) -> int:
        return self.size // _PEOPLE_PER_COMPANY

    def person(self, index: int) -> Person:
        """The person at `index`; the cast comes first.

        Raises:
            IndexError: there is nobody.
        """
        if not 0 <= index < self.size:
            raise IndexError(index)
        return self._character(index) if index < len(CAST) else self._resident(index)

    def company(self, index: int) -> Company:
        """The company at `index`.

        Raises:
            IndexError: there is none.
        """
        if not 0 <= index < self.company_count:
            raise IndexError(index)
        dice = self.dice("company", index)
        resident = _PEOPLE_PER_COMPANY * index % (self.size - len(CAST))
        return Company(
            index=index,
            name=names.company_name(dice),
            number=numbers.credit_code(index),
            address=names.address(dice),
            registered_on=date(2005, 1, 1) + timedelta(days=dice.randrange(365 * 18)),
            representative=len(CAST) + resident,
        )

    def find(self, number: str) -> Subject | None:
        """Who bears a citizen number (18 or 15 digits), a credit code or an organisation code; None for strangers."""
        number = compact(number).upper()
        index = numbers.person_index(number)
        if index is not None and index < self.size:
            person = self.person(index)
            known = number in {person.number, numbers.fifteen_digits(person.number)}
            return person if known and is_on_record(person) else None
        index = numbers.company_index(number)
        return self.company(index) if index is not None and index < self.company_count else None

    def spouse(self, person: Person) -> Person | None:
        return None if person.spouse is None else self.person(person.spouse)

    def household(self, person: Person) -> tuple[Person, ...]:
        """The couple, or the person alone; the lower index first, whoever of them is asked for."""
        spouse = self.spouse(person)
        if spouse is None:
            return (person,)
        return (person, spouse) if person.index < spouse.index else (spouse, person)

    def debtors(self, count: int) -> tuple[Debtor, ...]:
        """Debtors for a campaign: the odd characters first, then residents, every ninth a company.

        A shorter list is the beginning of a longer one.

        Raises:
            ValueError: there are not so many.
        """
        debtors = tuple(islice(self._every_debtor(), count))
        if len(debtors) < count:
            raise ValueError(f"there are only {len(debtors)} debtors here")
        return debtors

    def _every_debtor(self) -> Iterator[Debtor]:
        for index in range(INDEX[Part.CREDITOR] + 1, len(CAST)):
            person = self.person(index)
            yield Debtor(CAST[index].written_name or person.name, person.certificate_type, person.number)
        companies = iter(range(self.company_count))
        for index in range(len(CAST), self.size):
            person = self.person(index)
            yield Debtor(person.name, CertificateType.CITIZEN_ID, person.number)
            if index % _PEOPLE_PER_COMPANY == 0:
                company = self.company(next(companies))
                yield Debtor(company.name, company.certificate_type, company.number)

    def _character(self, index: int) -> Person:
        role = CAST[index]
        spouse = None if role.spouse is None else INDEX[role.spouse]
        home = index if spouse is None else min(index, spouse)
        return Person(
            index=index,
            name=role.name,
            number=numbers.citizen_number(index, role.born_on, role.sex),
            sex=role.sex,
            born_on=role.born_on,
            household_address=names.address(self.dice("home", home)),
            phone=numbers.phone(index),
            former_names=role.former_names,
            deceased_on=role.deceased_on,
            spouse=spouse,
        )

    def _resident(self, index: int) -> Person:
        """Neighbours by index, an even one and the next, are man and woman and often married."""
        sex = Sex.FEMALE if index % 2 else Sex.MALE
        dice = self.dice("person", index)
        couple = self.dice("couple", index // 2)
        partner = index ^ 1
        spouse = partner if couple.random() < _MARRIED and partner < self.size else None
        home = dice if spouse is None else couple
        days = home.randrange(_BIRTH_SPAN_IN_DAYS) + dice.randrange(365 * 4)
        born_on = _FIRST_BIRTH + timedelta(days=days)
        return Person(
            index=index,
            name=names.personal_name(dice, sex),
            number=numbers.citizen_number(index, born_on, sex),
            sex=sex,
            born_on=born_on,
            household_address=names.address(home),
            phone=numbers.phone(index),
            former_names=(names.personal_name(dice, sex),) if dice.random() < _FORMER_NAME else (),
            spouse=spouse,
        )


def role_of(subject: Subject) -> Role | None:
    """The character that somebody is; None for residents and companies."""
    return CAST[subject.index] if isinstance(subject, Person) and subject.index < len(CAST) else None


def is_on_record(subject: Subject) -> bool:
    role = role_of(subject)
    return role is None or role.on_record
