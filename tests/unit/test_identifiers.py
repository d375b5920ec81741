"""Identifiers. Every person here is invented; 11010519491231002X is the sample everybody uses."""

import string
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric, uscc

from app.identifiers import (
    CASE_TYPES,
    CaseNumber,
    CaseNumberError,
    CertificateError,
    CheckedNumber,
    CitizenNumber,
    Finding,
    IdentifierError,
    Sex,
    check_bank_card,
    check_certificate,
    check_plate,
    check_real_estate_unit,
    check_vin,
    normalise_name,
    same_name,
)
from app.identifiers.organisations import organisation_check_character
from app.identifiers.things import vin_check_character
from app.masking import mask_account, mask_name, mask_number
from app.vocabulary import CertificateType

TODAY = date(2026, 11, 24)
SAMPLE = "11010519491231002X"


# Case numbers


@pytest.mark.parametrize(
    "written",
    [
        "（2018）豫1424执1352号",
        "(2018)豫1424执1352号",
        "〔2018〕豫1424执1352号",
        "[2018]豫1424执1352号",
        "［２０１８］豫１４２４执１３５２号",
        "【2018】豫1424执1352号",
        " （2018） 豫1424 执 1352 号\n",
        "\u200b（2018）豫1424执1352号\ufeff",
        "(2018）豫1424执001352号",
    ],
)
def test_every_spelling_of_a_case_number_is_the_same_number(written: str) -> None:
    number = CaseNumber.parse(written)
    assert number == CaseNumber.parse("（2018）豫1424执1352号")
    assert str(number) == "（2018）豫1424执1352号"
    assert number.given == written


def test_a_case_number_comes_apart() -> None:
    number = CaseNumber.parse("（2018）豫1424执保77号之二")
    assert (number.year, number.court_code, number.type_code, number.serial) == (2018, "豫1424", "执保", 77)
    assert number.suffix == "之二"
    assert str(number.case) == "（2018）豫1424执保77号"


@pytest.mark.parametrize(
    ("written", "suffix"),
    [
        ("（2018）豫1424执1352号之一", "之一"),
        ("（2018）豫1424执1352之一号", "之一"),
        ("（2018）豫1424执1352号之12", "之十二"),
        ("（2018）豫1424执1352-1号", "之一"),
        ("（2018）豫1424执1352号—20", "之二十"),
        ("（2018）豫1424执1352号之二十三", "之二十三"),
    ],
)
def test_a_suffix_has_one_spelling(written: str, suffix: str) -> None:
    assert CaseNumber.parse(written).suffix == suffix


@pytest.mark.parametrize(
    ("written", "court", "type_code"),
    [
        ("（2019）最高法执监12号", "最高法", "执监"),
        ("（2020）豫执复3号", "豫", "执复"),
        ("（2021）豫14执异9号", "豫14", "执异"),
        ("（2022）兵0101执恢5号", "兵0101", "执恢"),
        ("（2017）豫1424民初2001号", "豫1424", "民初"),
    ],
)
def test_courts_of_every_level_are_read(written: str, court: str, type_code: str) -> None:
    number = CaseNumber.parse(written)
    assert (number.court_code, number.type_code) == (court, type_code)
    assert str(number) == written


def test_the_form_before_2016_is_read_because_resumed_cases_cite_it() -> None:
    number = CaseNumber.parse("(2015)柘执恢字第00012号")
    assert (number.court_code, number.type_code, number.serial) == ("柘", "执恢", 12)
    assert str(number) == "（2015）柘执恢字第12号"
    assert number != CaseNumber.parse("（2015）豫1424执恢12号")


@pytest.mark.parametrize(
    ("type_code", "enforcement", "preservation"),
    [
        ("执", True, False),
        ("执恢", True, False),
        ("执保", True, True),
        ("财保", False, True),
        ("民初", False, False),
    ],
)
def test_the_type_code_says_what_the_court_may_do(
    type_code: str, *, enforcement: bool, preservation: bool
) -> None:
    number = CaseNumber.parse(f"（2018）豫1424{type_code}1号")
    assert (number.is_enforcement, number.is_preservation) == (enforcement, preservation)
    assert (number.case_type is None) == (type_code not in CASE_TYPES)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", "case_number_empty"),
        ("  \u3000", "case_number_empty"),
        ("（2018）豫1424执1352号" * 9, "case_number_too_long"),
        ("2018豫1424执1352号", "case_number_year"),
        ("（18）豫1424执1352号", "case_number_year"),
        ("（2018豫1424执1352号", "case_number_year"),
        ("（1352）豫1424执1352号", "case_number_year"),
        ("（2018）1424执1352号", "case_number_court"),
        ("（2018）预1424执1352号", "case_number_court"),
        ("（2018）豫14241352号", "case_number_type"),
        ("（2018）豫1424执号", "case_number_type"),
        ("（2018）豫1424强制执行1352号", "case_number_type"),
        ("（2018）豫1424执0号", "case_number_serial"),
        ("（2018）豫1424执123456789号", "case_number_serial"),
        ("（2018）豫1424执1352", "case_number_end"),
        ("（2018）豫1424执1352号执", "case_number_end"),
        ("（2018）豫1424执1352-1号之一", "case_number_end"),
        ("（2018）豫1424执1352号、1353号", "case_number_end"),
        ("（2015）柘民初字第12号", "case_number_old_type"),
        ("（2018）豫1424执١٣号", "case_number_type"),
    ],
)
def test_a_wrong_case_number_is_told_what_is_wrong(written: str, code: str) -> None:
    with pytest.raises(CaseNumberError) as caught:
        CaseNumber.parse(written)
    finding = caught.value.finding
    assert finding.code == code
    assert finding.zh in str(caught.value)
    assert finding.en in str(caught.value)


case_like = st.text(alphabet="（）()〔〕[]0123456789豫执保恢字第号之一二-柘 2018", max_size=40)


@given(st.one_of(st.text(max_size=80), case_like))
def test_the_case_number_parser_raises_its_own_error_only(text: str) -> None:
    try:
        number = CaseNumber.parse(text)
    except CaseNumberError:
        return
    assert CaseNumber.parse(str(number)) == number


@given(
    st.integers(1990, 2099),
    st.sampled_from(["豫1424", "豫14", "豫", "最高法", "新4001", "兵0801"]),
    st.sampled_from([*CASE_TYPES, "民初", "刑终"]),
    st.integers(1, 99_999_999),
    st.integers(0, 99),
)
def test_a_case_number_survives_writing_and_reading(
    year: int, court: str, type_code: str, serial: int, suffix: int
) -> None:
    written = f"({year}){court}{type_code}{serial}号" + (f"之{suffix}" if suffix else "")
    number = CaseNumber.parse(written)
    assert (number.year, number.court_code, number.type_code, number.serial) == (
        year,
        court,
        type_code,
        serial,
    )
    assert CaseNumber.parse(str(number)) == number


# Citizen numbers


def citizen_body(region: str, born_on: date, sequence: int) -> str:
    return f"{region}{born_on:%Y%m%d}{sequence:03d}"


bodies = st.builds(
    citizen_body,
    st.from_regex(r"[1-9][0-9]{5}", fullmatch=True).filter(str.isascii),
    st.dates(date(1850, 1, 1), TODAY),
    st.integers(0, 999),
)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def with_check(body: str) -> str:
    """The standard's own formula, apart from the library the parser uses."""
    return (
        body
        + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11]
    )


def test_the_well_known_sample_passes() -> None:
    citizen = CitizenNumber.parse(SAMPLE, today=TODAY)
    assert citizen.born_on == date(1949, 12, 31)
    assert citizen.sex is Sex.FEMALE
    assert citizen.warnings == ()
    assert ric.is_valid(SAMPLE)


@pytest.mark.parametrize(
    "written", ["11010519491231002x", "１１０１０５１９４９１２３１００２Ｘ", "110105 19491231 002X"]
)
def test_every_spelling_of_a_citizen_number_is_the_same_number(written: str) -> None:
    assert CitizenNumber.parse(written, today=TODAY).number == SAMPLE


def test_an_old_number_yields_the_present_one_and_both_are_asked() -> None:
    citizen = CitizenNumber.parse("110105491231002", today=TODAY)
    assert citizen.forms() == (SAMPLE, "110105491231002")


def test_who_was_born_after_1999_never_had_an_old_number() -> None:
    number = with_check(citizen_body("410101", date(2001, 2, 3), 17))
    assert CitizenNumber.parse(number, today=TODAY).forms() == (number,)


@pytest.mark.parametrize("region", ["990101", "000000", "471234"])
def test_an_unknown_region_warns_and_never_refuses(region: str) -> None:
    citizen = CitizenNumber.parse(with_check(citizen_body(region, date(1970, 1, 1), 1)), today=TODAY)
    assert [warning.code for warning in citizen.warnings] == ["citizen_number_region_unknown"]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("", "citizen_number_shape"),
        ("1101051949123100", "citizen_number_shape"),
        ("11010519491231002XX", "citizen_number_shape"),
        ("1101051949123100X2", "citizen_number_shape"),
        ("١١٠١٠٥١٩٤٩١٢٣١٠٠٢", "citizen_number_shape"),
        (with_check("11010519490230002"), "citizen_number_birth_date"),
        (with_check("11010517490220002"), "citizen_number_birth_date"),
        ("110105491331002", "citizen_number_birth_date"),
        (with_check(citizen_body("110105", date(2026, 11, 25), 1)), "citizen_number_birth_in_future"),
        ("110105194912310021", "citizen_number_check_digit"),
    ],
)
def test_a_wrong_citizen_number_is_told_what_is_wrong(number: str, code: str) -> None:
    with pytest.raises(CertificateError) as caught:
        CitizenNumber.parse(number, today=TODAY)
    assert caught.value.finding.code == code


def test_somebody_born_today_has_a_number() -> None:
    assert CitizenNumber.parse(with_check(citizen_body("110105", TODAY, 1)), today=TODAY).born_on == TODAY


@given(bodies)
def test_a_number_with_its_check_character_passes_and_tells_birth_and_sex(body: str) -> None:
    citizen = CitizenNumber.parse(with_check(body), today=TODAY)
    assert f"{citizen.born_on:%Y%m%d}" == body[6:14]
    assert (citizen.sex is Sex.MALE) == (int(body[16]) % 2 == 1)


@given(bodies, st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_caught(body: str, place: int, shift: int) -> None:
    number = with_check(body)
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    with pytest.raises(CertificateError):
        CitizenNumber.parse(wrong, today=TODAY)


@given(bodies.filter(lambda body: body[6:8] == "19"))
def test_fifteen_digits_lead_back_to_the_eighteen_they_came_from(body: str) -> None:
    citizen = CitizenNumber.parse(with_check(body), today=TODAY)
    assert citizen.fifteen is not None
    assert CitizenNumber.parse(citizen.fifteen, today=TODAY) == citizen


# Certificates of every kind


@pytest.mark.parametrize("code", ["91350100M000100Y43", "91110000802100433B", "91110000600037341L"])
def test_a_credit_code_also_goes_by_the_organisation_code_inside_it(code: str) -> None:
    checked = check_certificate(CertificateType.UNIFIED_SOCIAL_CREDIT_CODE, f" {code.lower()} ", today=TODAY)
    assert checked.normalised == code
    assert checked.also_known_as == (code[8:17],)
    inside = check_certificate(CertificateType.ORGANISATION_CODE, f"{code[8:16]}-{code[16]}", today=TODAY)
    assert inside.normalised == code[8:17]


@given(st.text(alphabet="0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=9, max_size=9), st.integers(0, 999_999))
def test_a_credit_code_with_its_check_character_passes(organisation: str, region: int) -> None:
    body = f"91{region:06d}{organisation}"
    code = body + uscc.calc_check_digit(body)
    assert check_certificate(CertificateType.UNIFIED_SOCIAL_CREDIT_CODE, code, today=TODAY).normalised == code


@given(st.text(alphabet=string.digits + string.ascii_uppercase, min_size=8, max_size=8))
def test_an_organisation_code_with_its_check_character_passes(body: str) -> None:
    code = body + organisation_check_character(body)
    assert check_certificate(CertificateType.ORGANISATION_CODE, code, today=TODAY).normalised == code


@pytest.mark.parametrize(
    ("certificate_type", "number", "code"),
    [
        (CertificateType.UNIFIED_SOCIAL_CREDIT_CODE, "91350100M000100Y44", "credit_code_check_digit"),
        (CertificateType.UNIFIED_SOCIAL_CREDIT_CODE, "91350100I000100Y43", "credit_code_shape"),
        (CertificateType.ORGANISATION_CODE, "80210043-4", "organisation_code_check_digit"),
        (CertificateType.ORGANISATION_CODE, "8021004", "organisation_code_shape"),
        (CertificateType.BUSINESS_LICENCE, "12345", "business_licence_shape"),
        (CertificateType.BUSINESS_LICENCE, "91350100M000100Y44", "credit_code_check_digit"),
        (CertificateType.CITIZEN_ID, "110105194912310021", "citizen_number_check_digit"),
        (CertificateType.CITIZEN_ID, " ", "certificate_empty"),
        (CertificateType.OTHER, "7" * 61, "certificate_too_long"),
        (CertificateType.PASSPORT, "E1", "certificate_shape"),
        (CertificateType.OTHER, "<script>", "certificate_shape"),
        (CertificateType.OTHER, "12\x0034", "certificate_shape"),
    ],
)
def test_a_number_that_cannot_be_of_its_type_is_refused(
    certificate_type: CertificateType, number: str, code: str
) -> None:
    with pytest.raises(CertificateError) as caught:
        check_certificate(certificate_type, number, today=TODAY)
    assert caught.value.finding.code == code


@pytest.mark.parametrize(
    ("certificate_type", "number", "normalised"),
    [
        (CertificateType.PASSPORT, "ｅa1234567", "EA1234567"),
        (CertificateType.FOREIGN_PASSPORT, "ab 12-345", "AB12-345"),
        (CertificateType.HK_MACAU_PERMIT, "H12345678（01）", "H12345678(01)"),
        (CertificateType.TAIWAN_PERMIT, "12345678", "12345678"),
        (CertificateType.MILITARY_ID, "南字第0012345号", "南字第0012345号"),
        (CertificateType.HOUSEHOLD_REGISTER, SAMPLE, SAMPLE),
        (CertificateType.BUSINESS_LICENCE, "4114002001234", "4114002001234"),
        (CertificateType.BUSINESS_LICENCE, "91350100M000100Y43", "91350100M000100Y43"),
    ],
)
def test_other_papers_are_taken_by_their_type(
    certificate_type: CertificateType, number: str, normalised: str
) -> None:
    checked = check_certificate(certificate_type, number, today=TODAY)
    assert (checked.certificate_type, checked.normalised) == (certificate_type, normalised)
    assert checked.warnings == ()


def test_the_check_digit_of_an_old_licence_warns_only() -> None:
    good = check_certificate(CertificateType.BUSINESS_LICENCE, "110108000000016", today=TODAY)
    bad = check_certificate(CertificateType.BUSINESS_LICENCE, "110108000000017", today=TODAY)
    assert good.warnings == ()
    assert [warning.code for warning in bad.warnings] == ["business_licence_check_digit"]


def test_a_residence_permit_that_is_numbered_oddly_warns_only() -> None:
    good = with_check(citizen_body("810000", date(1990, 5, 6), 12))
    checked = check_certificate(CertificateType.RESIDENCE_PERMIT_HMT, good, today=TODAY)
    assert (checked.normalised, checked.warnings) == (good, ())
    odd = check_certificate(CertificateType.RESIDENCE_PERMIT_HMT, SAMPLE, today=TODAY)
    assert [warning.code for warning in odd.warnings] == ["residence_permit_unusual"]


@given(st.sampled_from(CertificateType), st.text(max_size=70))
def test_checking_a_certificate_raises_its_own_error_only(
    certificate_type: CertificateType, number: str
) -> None:
    try:
        checked = check_certificate(certificate_type, number, today=TODAY)
    except IdentifierError:
        return
    again = check_certificate(certificate_type, checked.normalised, today=TODAY)
    assert again == checked


def test_no_number_shows_in_repr_or_in_an_error() -> None:
    checked = check_certificate(CertificateType.CITIZEN_ID, SAMPLE, today=TODAY)
    assert SAMPLE[6:14] not in repr(checked) + repr(CitizenNumber.parse(SAMPLE, today=TODAY))
    with pytest.raises(CertificateError) as caught:
        check_certificate(CertificateType.CITIZEN_ID, SAMPLE[:-1] + "1", today=TODAY)
    assert SAMPLE[6:14] not in str(caught.value) + repr(caught.value)


# Names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("谢长顺", " 谢 长\u3000顺\u200b"),
        ("买买提·艾力", "买买提•艾力"),
        ("买买提·艾力", "买买提・艾力"),
        ("买买提·艾力", "买买提.艾力"),
        ("买买提·艾力", "买买提．艾力"),
        ("John SMITH", "john  smith"),
        ("豫东（柘城）有限公司", "豫东(柘城)有限公司"),
        ("ＡＢＣ有限公司", "abc有限公司"),
    ],
)
def test_two_spellings_of_one_name_are_the_same(one: str, other: str) -> None:
    assert same_name(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("贾文韬", "贾文涛"), ("谢长顺", "谢长"), ("", ""), (" ", "\u200b"), ("J. Smith", "J· Smith")],
)
def test_different_names_and_missing_names_are_not_the_same(one: str, other: str) -> None:
    assert not same_name(one, other)


@given(st.text(max_size=30))
def test_normalising_a_name_again_changes_nothing(name: str) -> None:
    assert normalise_name(normalise_name(name)) == normalise_name(name)


# Things


@pytest.mark.parametrize("vin", ["1M8GDM9AXKP042788", "11111111111111111", " 1m8gdm9axkp042788"])
def test_a_vin_with_its_check_character_passes(vin: str) -> None:
    assert check_vin(vin).warnings == ()


@given(st.text(alphabet="ABCDEFGHJKLMNPRSTUVWXYZ0123456789", min_size=17, max_size=17))
def test_only_one_character_in_the_ninth_place_fits_a_vin(vin: str) -> None:
    fitting = [sign for sign in "0123456789X" if check_vin(f"{vin[:8]}{sign}{vin[9:]}").warnings == ()]
    assert fitting == [vin_check_character(vin)]


@pytest.mark.parametrize(
    "plate", ["豫N12345", "豫N·1234挂", "豫ND12345", "豫A1234学", "使014578", "WJ豫12345", "豫n 12345"]
)
def test_usual_plates_pass(plate: str) -> None:
    assert check_plate(plate).warnings == ()


def test_a_real_estate_unit_is_28_characters_however_it_is_grouped() -> None:
    checked = check_real_estate_unit("411424 001001 gb00001 F00010002")
    assert checked.normalised == "411424001001GB00001F00010002"
    assert checked.warnings == ()


@given(st.text(alphabet=string.digits, min_size=12, max_size=18))
def test_a_card_with_its_luhn_digit_passes(body: str) -> None:
    assert check_bank_card(body + luhn.calc_check_digit(body)).warnings == ()


@pytest.mark.parametrize(
    ("check", "text", "code"),
    [
        (check_plate, "豫I12345", "plate_unusual"),
        (check_plate, "", "plate_unusual"),
        (check_vin, "1M8GDM9A0KP042788", "vin_check_digit"),
        (check_vin, "1M8GDM9AXKP04278O", "vin_shape"),
        (check_real_estate_unit, "411424001001GB00001F0001000", "real_estate_unit_shape"),
        (check_bank_card, "6222020000000001", "bank_card_check_digit"),
        (check_bank_card, "62", "bank_card_shape"),
    ],
)
def test_an_odd_number_of_a_thing_warns(check: Callable[[str], CheckedNumber], text: str, code: str) -> None:
    assert [warning.code for warning in check(text).warnings] == [code]


@given(
    st.sampled_from([check_plate, check_vin, check_real_estate_unit, check_bank_card]), st.text(max_size=40)
)
def test_what_an_agency_reports_of_a_thing_is_never_refused(
    check: Callable[[str], CheckedNumber], text: str
) -> None:
    assert all(isinstance(warning, Finding) for warning in check(text).warnings)


# Masking


@pytest.mark.parametrize(
    ("mask", "value", "shown"),
    [
        (mask_name, "谢某某", "谢**"),
        (mask_name, "梁玉", "梁*"),
        (mask_name, " 谢 ", "*"),
        (mask_name, "", ""),
        (mask_number, "410000197001010012", "4100**********0012"),
        (mask_number, "110105491231002", "11***********02"),
        (mask_number, "E1234567", "********"),
        (mask_account, "6222020000000001", "************0001"),
        (mask_account, "12345678901", "***********"),
    ],
)
def test_masks_show_the_ends_of_long_values_only(mask: Callable[[str], str], value: str, shown: str) -> None:
    assert mask(value) == shown


@given(st.text(alphabet=string.ascii_letters + string.digits + "谢长顺", max_size=40))
def test_a_mask_never_reveals_more_than_its_share(value: str) -> None:
    def revealed(masked: str) -> int:
        assert len(masked) == len(value)
        return sum(sign != "*" for sign in masked)

    assert revealed(mask_name(value)) <= min(1, len(value) // 2)
    assert revealed(mask_number(value)) <= min(8, len(value) // 2)
    assert revealed(mask_account(value)) <= min(4, len(value) // 3)
