"""What the banks keep: accounts dealt among them, what lies on the accounts, and wealth products."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from app.sandbox.population import names, numbers
from app.sandbox.population.records import (
    BankAccount,
    Company,
    Person,
    PriorFreeze,
    PriorityRight,
    Subject,
    WealthProduct,
)
from app.sandbox.population.town import Town, role_of
from app.vocabulary import AccountNature, HolderRole

_JOINT_ACCOUNT = 0.25
_FROZEN = 0.12
_PLEDGED = 0.05
_INVESTED = 0.2
_INVESTOR_BALANCE = Decimal(20_000)
_PENSION_AGE_IN_YEARS = 60


@dataclass(frozen=True, slots=True)
class _Ledger:
    """What one account is before anything lies on it. `place` is the bank's place among the banks."""

    place: int
    account_number: str
    dice: Random
    balance: Decimal
    since: date = date(2008, 1, 1)
    nature: AccountNature = AccountNature.ORDINARY
    for_company: bool = False
    may_be_burdened: bool = True


def accounts(town: Town, subject: Subject) -> tuple[BankAccount, ...]:
    """Every account the subject holds, alone or with a spouse, at any bank."""
    own = [
        _account(town, _own_ledger(town, subject, ordinal, balance), HolderRole.OWNER)
        for ordinal, balance in enumerate(_balances(town, subject))
    ]
    return (*own, *_joint_accounts(town, subject))


def wealth_products(town: Town, subject: Subject) -> tuple[WealthProduct, ...]:
    """A product for some of those who have money, bought from the account it will return to."""
    dice = town.dice(f"{_kind(subject)}-wealth", subject.index)
    rich = [account for account in accounts(town, subject) if account.balance > _INVESTOR_BALANCE]
    if role_of(subject) or not rich or dice.random() >= _INVESTED:
        return ()
    account = rich[0]
    quantity = Decimal(dice.randrange(1, 40) * 1000)
    unit_price = Decimal(dice.randrange(98, 108)).scaleb(-2)
    starts_on = town.as_of - timedelta(days=dice.randrange(30, 700))
    return (
        WealthProduct(
            bank_code=account.bank_code,
            product_number=f"LC{dice.randrange(10**6):06d}",
            product_name=f"稳盈{dice.randrange(1, 30)}号",
            product_account=f"8{account.account_number[1:]}",
            return_account=account.account_number,
            manager=account.bank,
            starts_on=starts_on,
            redeemable_on=starts_on + timedelta(days=1095),
            quantity=quantity,
            unit_price=unit_price,
            total_amount=(quantity * unit_price).quantize(Decimal("0.01")),
        ),
    )


def _kind(subject: Subject) -> str:
    return "company" if isinstance(subject, Company) else "person"


def _balances(town: Town, subject: Subject) -> tuple[Decimal, ...]:
    role = role_of(subject)
    if role and role.balances is not None:
        return role.balances
    dice = town.dice(f"{_kind(subject)}-balances", subject.index)
    if isinstance(subject, Company):
        return tuple(_yuan(dice, typical=80_000) for _ in range(dice.choice((1, 2, 2, 3))))
    return tuple(_yuan(dice, typical=4_000) for _ in range(dice.choice((0, 1, 1, 2, 2, 3))))


def _yuan(dice: Random, *, typical: int) -> Decimal:
    """Most people have little and few have much: a log-normal amount, in whole cents."""
    return Decimal(int(dice.lognormvariate(0, 1.6) * typical * 100)).scaleb(-2)


def _own_ledger(town: Town, subject: Subject, ordinal: int, balance: Decimal) -> _Ledger:
    dice = town.dice(f"{_kind(subject)}-account-{ordinal}", subject.index)
    place = (subject.index + ordinal) % len(town.bank_codes)
    if isinstance(subject, Company):
        return _Ledger(
            place=place,
            account_number=_account_number(place, "2", subject.index, ordinal),
            dice=dice,
            balance=balance,
            since=subject.registered_on,
            nature=_nature_of_company(subject, ordinal),
            for_company=True,
        )
    return _Ledger(
        place=place,
        account_number=_account_number(place, "1", subject.index, ordinal),
        dice=dice,
        balance=balance,
        nature=_nature(town, subject, ordinal, dice),
        may_be_burdened=role_of(subject) is None,
    )


def _account_number(place: int, family: str, index: int, ordinal: int) -> str:
    return f"4199{place:03d}{family}{index:06d}{ordinal:02d}0"


def _nature_of_company(company: Company, ordinal: int) -> AccountNature:
    """A labour contractor pays its workers from its second account."""
    pays_workers = ordinal == 1 and "建筑劳务" in company.name
    return AccountNature.MIGRANT_WORKERS_WAGE if pays_workers else AccountNature.ORDINARY


def _nature(town: Town, person: Person, ordinal: int, dice: Random) -> AccountNature:
    """Wages come to the first account, pensions too."""
    if ordinal > 0:
        return AccountNature.SUBSISTENCE if dice.random() < 0.03 else AccountNature.ORDINARY
    if town.as_of.year - person.born_on.year >= _PENSION_AGE_IN_YEARS:
        return AccountNature.PENSION
    return AccountNature.WAGE if dice.random() < 0.4 else AccountNature.ORDINARY


def _joint_accounts(town: Town, subject: Subject) -> tuple[BankAccount, ...]:
    """The couple's account, the same for both: the elder index is its owner, the other joins."""
    if not isinstance(subject, Person) or subject.spouse is None:
        return ()
    owner, partner = town.household(subject)
    dice = town.dice("joint-account", owner.index)
    if role_of(owner) is None and dice.random() >= _JOINT_ACCOUNT:
        return ()
    place = owner.index % len(town.bank_codes)
    number = _account_number(place, "3", owner.index, 0)
    ledger = _Ledger(place, number, dice, _yuan(dice, typical=20_000), may_be_burdened=role_of(owner) is None)
    if subject == owner:
        return (_account(town, ledger, HolderRole.OWNER, co_holder=partner.name),)
    return (_account(town, ledger, HolderRole.JOINT_OWNER, co_holder=owner.name),)


def _account(town: Town, ledger: _Ledger, role: HolderRole, co_holder: str | None = None) -> BankAccount:
    bank, dice = town.banks[ledger.place], ledger.dice
    freezes = _prior_freezes(town, ledger)
    rights = _priority_rights(ledger, bank.name)
    held = sum((*(freeze.amount for freeze in freezes), *(right.amount for right in rights)), Decimal("0.00"))
    return BankAccount(
        bank_code=bank.code,
        bank=bank.name,
        account_number=ledger.account_number,
        card_number=None if ledger.for_company else numbers.card_number(ledger.account_number),
        account_type="单位结算账户" if ledger.for_company else "个人结算账户",
        nature=ledger.nature,
        status="dormant" if ledger.balance < 10 else "active",
        currency="CNY",
        balance=ledger.balance,
        available_balance=max(ledger.balance - held, Decimal("0.00")),
        branch=f"{bank.name}柘城支行",
        branch_code=f"9{ledger.place:03d}41990001",
        opened_on=ledger.since + timedelta(days=dice.randrange((town.as_of - ledger.since).days)),
        holder_role=role,
        co_holders=(co_holder,) if co_holder else (),
        prior_freezes=freezes,
        priority_rights=rights,
    )


def _prior_freezes(town: Town, ledger: _Ledger) -> tuple[PriorFreeze, ...]:
    """Measures of other courts, in the order in which they were received, a year each."""
    dice = ledger.dice
    if not ledger.may_be_burdened or dice.random() >= _FROZEN:
        return ()
    ages = sorted((dice.randrange(150) for _ in range(dice.choice((1, 1, 2)))), reverse=True)
    return tuple(_prior_freeze(town, dice, rank, age) for rank, age in enumerate(ages, 1))


def _prior_freeze(town: Town, dice: Random, rank: int, age: int) -> PriorFreeze:
    starts_on = town.as_of - timedelta(days=age)
    serial = dice.randrange(1, 5000)
    return PriorFreeze(
        authority=dice.choice(names.COURTS),
        document_number=f"（{starts_on.year}）豫1499执{serial}号之一",
        case_number=f"（{starts_on.year}）豫1499执{serial}号",
        amount=_yuan(dice, typical=30_000),
        rank=rank,
        starts_on=starts_on,
        ends_on=starts_on + timedelta(days=364),
    )


def _priority_rights(ledger: _Ledger, bank_name: str) -> tuple[PriorityRight, ...]:
    if not ledger.may_be_burdened or ledger.dice.random() >= _PLEDGED:
        return ()
    return (PriorityRight("质权", bank_name, _yuan(ledger.dice, typical=5_000)),)
