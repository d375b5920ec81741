"""The sandbox's invented people, and that their registries agree about them."""

import subprocess
import sys
from collections import Counter
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.identifiers import (
    CitizenNumber,
    check_bank_card,
    check_certificate,
    check_plate,
    check_real_estate_unit,
    check_vin,
    same_name,
)
from app.sandbox.population import Company, Part, Person, Population, Subject
from app.sandbox.population.cast import CAST
from app.sandbox.population.records import Invoice, RealEstate, Vehicle
from app.vocabulary import AccountNature, CertificateType, HolderRole

BANKS = ("bank-1", "bank-2", "bank-3")
TODAY = date(2026, 11, 1)
TOWN = Population(seed=7, size=400, bank_codes=BANKS, as_of=TODAY)
PEOPLE = [TOWN.person(index) for index in range(TOWN.size)]
COMPANIES = [TOWN.company(index) for index in range(TOWN.company_count)]
SUBJECTS: list[Subject] = [*PEOPLE, *COMPANIES]
COUPLES = [(person, TOWN.person(person.spouse)) for person in PEOPLE if person.spouse is not None]

DIGEST_OF_A_TOWN = """
import hashlib
from app.sandbox.population import Population
town = Population(seed=3, size=60, bank_codes=("x", "y"))
digest = hashlib.sha256()
for subject in (*map(town.person, range(60)), *map(town.company, range(town.company_count))):
    books = town.accounts(subject), town.wealth_products(subject), town.houses(subject), town.vehicles(subject)
    digest.update(repr((subject, books, town.tax_record(subject))).encode())
print(digest.hexdigest())
"""


def things(subject: Subject) -> tuple[RealEstate | Vehicle, ...]:
    return (*TOWN.houses(subject), *TOWN.vehicles(subject))


def invoices(company: Company) -> tuple[Invoice, ...]:
    record = TOWN.tax_record(company)
    assert record is not None
    return record.invoices


# Who they are


def test_every_number_is_valid_in_form_and_of_a_region_never_assigned() -> None:
    for person in PEOPLE:
        citizen = CitizenNumber.parse(person.number, today=TODAY)
        assert (citizen.born_on, citizen.sex) == (person.born_on, person.sex)
        assert person.number.startswith("4199")
    for company in COMPANIES:
        number = check_certificate(CertificateType.UNIFIED_SOCIAL_CREDIT_CODE, company.number, today=TODAY)
        assert number.normalised == company.number
        assert company.number[2:6] == "4199"


def test_nobody_shares_a_number() -> None:
    assert len({subject.number for subject in SUBJECTS}) == len(SUBJECTS)


@given(st.integers(0, 49_999), st.integers(0, 2**32))
def test_anybody_in_a_large_town_is_found_by_either_number(index: int, seed: int) -> None:
    town = Population(seed=seed, size=50_000)
    person = town.person(index)
    if index == list(Part).index(Part.STRANGER):
        return
    fifteen = CitizenNumber.parse(person.number, today=TODAY).fifteen
    assert town.find(person.number) == person
    assert town.find(person.number.lower()) == person
    assert fifteen is None or town.find(fifteen) == person


@given(st.integers(0, 6_249))
def test_a_company_is_found_by_credit_code_and_by_organisation_code(index: int) -> None:
    town = Population(seed=1, size=50_000)
    company = town.company(index)
    organisation = company.number[8:17]
    assert town.find(company.number) == company
    assert town.find(organisation) == company
    assert town.find(f"{organisation[:8]}-{organisation[8]}") == company


@given(st.one_of(st.text(max_size=20), st.from_regex(r"4199[0-9]{13}[0-9X]", fullmatch=True)))
def test_what_is_not_on_record_is_not_found(number: str) -> None:
    found = TOWN.find(number)
    assert found is None or number.upper() in found.number


def test_somebody_beyond_the_town_is_not_found() -> None:
    stranger = Population(seed=7, size=401, bank_codes=BANKS).person(400)
    assert TOWN.find(stranger.number) is None
    with pytest.raises(IndexError):
        TOWN.person(400)
    with pytest.raises(IndexError):
        TOWN.company(TOWN.company_count)


@pytest.mark.parametrize(
    ("size", "banks", "as_of"),
    [(len(CAST), BANKS, TODAY), (50_001, BANKS, TODAY), (400, (), TODAY), (400, BANKS, date(2022, 12, 31))],
)
def test_an_impossible_town_is_refused(size: int, banks: tuple[str, ...], as_of: date) -> None:
    with pytest.raises(ValueError, match=r"a population|the books"):
        Population(seed=1, size=size, bank_codes=banks, as_of=as_of)


def test_a_marriage_is_known_on_both_sides() -> None:
    assert len(COUPLES) > 100
    for person, spouse in COUPLES:
        assert spouse.spouse == person.index
        assert spouse.household_address == person.household_address
        assert TOWN.household(person) == TOWN.household(spouse)


# What they own


def test_accounts_are_dealt_among_all_banks_and_each_bank_knows_its_own() -> None:
    counts = Counter(account.bank_code for subject in SUBJECTS for account in TOWN.accounts(subject))
    assert set(counts) == set(BANKS)
    assert min(counts.values()) > max(counts.values()) / 2
    for subject in SUBJECTS:
        by_bank = [account for code in BANKS for account in TOWN.accounts(subject, code)]
        assert sorted(by_bank, key=repr) == sorted(TOWN.accounts(subject), key=repr)


def test_an_account_has_one_number_whoever_holds_it() -> None:
    seen = Counter(account.account_number for subject in SUBJECTS for account in TOWN.accounts(subject))
    joint = {
        account.account_number
        for subject in SUBJECTS
        for account in TOWN.accounts(subject)
        if account.co_holders
    }
    assert {number for number, count in seen.items() if count > 1} == joint
    assert all(seen[number] == 2 for number in joint)


def test_a_joint_account_is_the_same_for_both_spouses() -> None:
    checked = 0
    for person, spouse in COUPLES:
        theirs = {account.account_number: account for account in TOWN.accounts(spouse)}
        for account in TOWN.accounts(person):
            if not account.co_holders:
                continue
            other = theirs[account.account_number]
            assert (account.co_holders, other.co_holders) == ((spouse.name,), (person.name,))
            assert {account.holder_role, other.holder_role} == {HolderRole.OWNER, HolderRole.JOINT_OWNER}
            assert (account.balance, account.bank_code) == (other.balance, other.bank_code)
            checked += 1
    assert checked > 10


def test_balances_are_whole_cents_and_what_lies_on_them_is_not_available() -> None:
    for subject in SUBJECTS:
        for account in TOWN.accounts(subject):
            assert account.balance.as_tuple().exponent == -2
            assert 0 <= account.available_balance <= account.balance
            frozen = sum((freeze.amount for freeze in account.prior_freezes), Decimal(0))
            held = sum((right.amount for right in account.priority_rights), frozen)
            assert account.available_balance == max(account.balance - held, Decimal(0))


def test_the_town_shows_every_nature_and_burden_of_accounts() -> None:
    town = Population(seed=7, size=2000, bank_codes=BANKS)
    subjects: list[Subject] = [*map(town.person, range(2000)), *map(town.company, range(town.company_count))]
    accounts = [account for subject in subjects for account in town.accounts(subject)]
    assert {account.nature for account in accounts} >= {
        AccountNature.ORDINARY,
        AccountNature.WAGE,
        AccountNature.PENSION,
        AccountNature.SUBSISTENCE,
        AccountNature.MIGRANT_WORKERS_WAGE,
    }
    assert any(len(account.prior_freezes) == 2 for account in accounts)
    assert any(account.priority_rights for account in accounts)
    assert any(town.wealth_products(subject) for subject in subjects)


def test_a_prior_measure_has_not_ended_and_ranks_are_contiguous() -> None:
    for subject in SUBJECTS:
        for account in TOWN.accounts(subject):
            assert [freeze.rank for freeze in account.prior_freezes] == list(
                range(1, len(account.prior_freezes) + 1)
            )
            starts = [freeze.starts_on for freeze in account.prior_freezes]
            assert starts == sorted(starts)
            assert all(freeze.starts_on <= TODAY < freeze.ends_on for freeze in account.prior_freezes)
        for thing in things(subject):
            starts = [seizure.starts_on for seizure in thing.seizures]
            assert starts == sorted(starts)
            assert all(seizure.starts_on <= TODAY < seizure.ends_on for seizure in thing.seizures)


def test_a_wealth_product_returns_to_an_account_of_its_holder_at_the_same_bank() -> None:
    products = [(subject, product) for subject in SUBJECTS for product in TOWN.wealth_products(subject)]
    assert products
    for subject, product in products:
        accounts = {account.account_number for account in TOWN.accounts(subject, product.bank_code)}
        assert product.return_account in accounts


def test_a_house_in_common_is_the_same_record_for_both_spouses() -> None:
    shared = 0
    for person, spouse in COUPLES:
        for house in TOWN.houses(person):
            names = {holder.name for holder in house.holders}
            assert person.name in names
            assert (house in TOWN.houses(spouse)) == (spouse.name in names)
            shared += spouse.name in names
    assert shared > 50


def test_things_have_valid_numbers_and_one_owner_or_household() -> None:
    units, plates, vins = Counter[str](), Counter[str](), Counter[str]()
    for subject in SUBJECTS:
        for house in TOWN.houses(subject):
            assert check_real_estate_unit(house.unit_number).warnings == ()
            units[house.unit_number] += 1
            assert units[house.unit_number] <= len(house.holders)
        for vehicle in TOWN.vehicles(subject):
            assert check_vin(vehicle.vin).warnings == check_plate(vehicle.plate_number).warnings == ()
            plates[vehicle.plate_number] += 1
            vins[vehicle.vin] += 1
        for account in TOWN.accounts(subject):
            assert account.card_number is None or check_bank_card(account.card_number).warnings == ()
    assert set(plates.values()) == set(vins.values()) == {1}


def test_mortgages_are_to_the_banks_of_the_town() -> None:
    mortgages = [
        mortgage for subject in SUBJECTS for thing in things(subject) for mortgage in thing.mortgages
    ]
    assert {mortgage.mortgagee_code for mortgage in mortgages} == set(BANKS)


# What the offices know of it


def test_the_police_know_the_vehicles_of_the_vehicle_registry() -> None:
    for person in PEOPLE:
        record = TOWN.police_record(person)
        assert record is None or (record.person, record.vehicles) == (person, TOWN.vehicles(person))


def test_the_accounts_reported_to_the_tax_office_are_the_accounts_the_banks_keep() -> None:
    records = 0
    for subject in SUBJECTS:
        record = TOWN.tax_record(subject)
        if record is None:
            continue
        records += 1
        reported = [(account.bank, account.account_number) for account in record.registered_accounts]
        kept = [(account.bank, account.account_number) for account in TOWN.accounts(subject)]
        assert reported == kept
    assert records > 200


def test_an_invoice_is_in_the_books_of_both_companies() -> None:
    by_number = {
        (company.number, invoice.invoice_number): invoice
        for company in COMPANIES
        for invoice in invoices(company)
    }
    assert len(by_number) == 4 * len(COMPANIES)
    for (number, invoice_number), invoice in by_number.items():
        mirrored = by_number[invoice.counterparty_number, invoice_number]
        assert mirrored.counterparty_number == number
        assert {invoice.direction, mirrored.direction} == {"issued", "received"}
        assert (invoice.amount, invoice.issued_on) == (mirrored.amount, mirrored.issued_on)


def test_a_traveller_comes_back_after_leaving() -> None:
    crossings = [
        record.border_crossings for person in PEOPLE if (record := TOWN.police_record(person)) is not None
    ]
    assert any(crossings)
    for out, back in filter(None, crossings):
        assert (out.direction, back.direction) == ("exit", "entry")
        assert out.crossed_at < back.crossed_at


# The cast


def character(part: Part) -> Person:
    return TOWN.characters()[part].person


def test_the_cast_comes_first_whatever_the_seed() -> None:
    other = Population(seed=99, size=50)
    for index, (part, found) in enumerate(TOWN.characters().items()):
        twin = other.characters()[part].person
        assert found.person.index == index
        assert (found.person.name, found.person.number) == (twin.name, twin.number)
    assert (character(Part.DEBTOR).index, character(Part.CREDITOR).index) == (0, 1)


def test_the_debtor_owns_little_and_was_seen_in_aksu() -> None:
    debtor = character(Part.DEBTOR)
    assert sum(account.balance for account in TOWN.accounts(debtor)) < 85_000
    assert len(TOWN.houses(debtor)) == 1
    record = TOWN.police_record(debtor)
    assert record is not None
    assert ["阿克苏" in stay.address for stay in record.hotel_stays] == [True]


def test_homonyms_share_a_name_and_nothing_else() -> None:
    one, other = character(Part.HOMONYM), character(Part.OTHER_HOMONYM)
    assert one.name == other.name
    assert one.number != other.number
    assert TOWN.accounts(one) != TOWN.accounts(other)


def test_the_land_register_finds_the_old_number_only() -> None:
    person = character(Part.OLD_NUMBER)
    long, short = CitizenNumber.parse(person.number, today=TODAY).forms()
    assert TOWN.houses_under([long]) == ()
    assert len(TOWN.houses_under([short])) == 1
    assert TOWN.houses_under([long, short]) == TOWN.houses(person)
    assert TOWN.find(short) == person


def test_the_land_register_finds_others_by_their_number() -> None:
    for subject in SUBJECTS:
        if subject not in {character(Part.OLD_NUMBER), character(Part.STRANGER)}:
            assert TOWN.houses_under([subject.number]) == TOWN.houses(subject)


def test_the_destitute_owns_nothing_and_exists() -> None:
    person = character(Part.DESTITUTE)
    assert TOWN.accounts(person) == ()
    assert things(person) == ()
    assert TOWN.tax_record(person) is None
    assert TOWN.police_record(person) is not None


def test_the_stranger_is_in_no_book() -> None:
    person = character(Part.STRANGER)
    assert TOWN.find(person.number) is None
    assert TOWN.police_record(person) is None
    assert TOWN.tax_record(person) is None
    assert TOWN.accounts(person) == ()
    assert things(person) == ()
    assert CitizenNumber.parse(person.number, today=TODAY).number == person.number


def test_what_the_court_miswrites_is_not_the_name_on_record() -> None:
    for part, found in TOWN.characters().items():
        agrees = same_name(found.as_written.name, found.person.name)
        assert agrees == (part is not Part.MISWRITTEN)


def test_the_disputed_house_says_so() -> None:
    (house,) = TOWN.houses(character(Part.DISPUTED))
    assert house.disputed
    assert house.dispute_note
    others = [house for subject in SUBJECTS for house in TOWN.houses(subject) if house.disputed]
    assert others == [house]


def test_the_couple_of_the_cast_shares_account_and_house() -> None:
    husband, wife = character(Part.JOINT_HUSBAND), character(Part.JOINT_WIFE)
    assert TOWN.houses(husband) == TOWN.houses(wife) != ()
    assert [account.account_number for account in TOWN.accounts(husband) if account.co_holders] == [
        account.account_number for account in TOWN.accounts(wife) if account.co_holders
    ]


def test_the_police_know_who_is_dead() -> None:
    dead = [person for person in PEOPLE if person.deceased_on is not None]
    assert dead == [character(Part.DECEASED)]


# Campaigns


def test_a_campaign_has_the_odd_characters_and_companies_and_nobody_twice() -> None:
    debtors = TOWN.debtors(300)
    assert len({debtor.number for debtor in debtors}) == 300
    parties = {character(Part.DEBTOR).number, character(Part.CREDITOR).number}
    assert not parties & {debtor.number for debtor in debtors}
    written = [found.as_written for found in TOWN.characters().values()]
    assert list(debtors[: len(CAST) - 2]) == written[2:]
    types = Counter(debtor.certificate_type for debtor in debtors)
    assert types[CertificateType.UNIFIED_SOCIAL_CREDIT_CODE] > 20
    for debtor in debtors:
        check_certificate(debtor.certificate_type, debtor.number, today=TODAY)


def test_a_larger_campaign_begins_like_the_smaller() -> None:
    assert TOWN.debtors(200)[:50] == TOWN.debtors(50)


def test_a_campaign_beyond_the_town_is_refused() -> None:
    with pytest.raises(ValueError, match="only"):
        TOWN.debtors(1000)


# Agreement between processes


def test_every_process_makes_the_same_town_whatever_its_hash_seed() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST_OF_A_TOWN],
            env={"PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for hash_seed in ("0", "1")
    }
    assert len(digests) == 1


def test_another_seed_makes_other_people() -> None:
    other = Population(seed=8, size=400, bank_codes=BANKS)
    assert sum(other.person(index).name == PEOPLE[index].name for index in range(len(CAST), 400)) < 40
