"""Whatever a call shows as its numbers, looking at them gives findings and nothing else."""

from hypothesis import given
from hypothesis import strategies as st
from incoming import call
from scene import trunk
from twisted.internet.task import Clock

from sip_guard.checks.campaign import CampaignCheck
from sip_guard.checks.campaign import Options as Campaign
from sip_guard.checks.consistency import ConsistencyCheck
from sip_guard.checks.display_name import Brand, DisplayNameCheck
from sip_guard.checks.number_format import NumberFormatCheck
from sip_guard.checks.number_plan import NumberPlanCheck
from sip_guard.checks.origin import OriginCheck
from sip_guard.checks.presentation import PresentationCheck
from sip_guard.number import DialPlan
from sip_guard.peer import Trunk
from sip_guard.plans.blocks import Block, Blocks
from sip_guard.sip.message import MalformedMessage

LISTS = Blocks.of({"4420": Block(allocated=True), "1215": Block(allocated=False)}, ["447", "1"])
CHECKS = (
    NumberFormatCheck(),
    NumberPlanCheck(LISTS),
    NumberPlanCheck(None),
    OriginCheck(frozenset({"GB", "US"}), LISTS),
    PresentationCheck({trunk().name: LISTS}),
    ConsistencyCheck(),
    DisplayNameCheck([Brand.of(["Example Bank"], ("4420",)), Brand.of(["Halifax"], (), "word")]),
    CampaignCheck(Campaign(callees=2, neighbours=2), None, Clock()),
)
TRUNKS = [
    trunk(origin="international_gateway", dial_plan=DialPlan(country, prefixes), inserted_numbers=("448979",))
    for country, prefixes in ((None, ()), ("GB", ("00",)), ("US", ("011",)), ("FR", ("00",)))
]
USERS = st.one_of(
    st.from_regex(r"\+?(1|33|44)?[0-9]{1,12}", fullmatch=True),
    st.text("0123456789+-.()*#%;=AFad", max_size=24),
    st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters='<>"\\,;@:'), max_size=12),
)
NAMES = st.one_of(
    st.sampled_from(["Example Bank", "HALIFAX", "Call 020 7946 0000"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters='"\\\x7f')),
)
URIS = st.one_of(
    st.builds('"{}" <sip:{}@x>'.format, NAMES, USERS),
    USERS.map("<sip:{}@x>".format),
    USERS.map("<tel:{}>".format),
    USERS,
).filter(lambda uri: well_formed(f"{uri};tag=1"))
FIELDS = st.sampled_from(["P-Asserted-Identity", "Remote-Party-ID"])


def well_formed(value: str) -> bool:
    """Tell what can stand in From: all else is refused before anything is checked."""
    try:
        call(fields={"From": value})
    except MalformedMessage:
        return False
    return True


@given(URIS, st.lists(st.tuples(FIELDS, URIS), max_size=3), st.sampled_from(TRUNKS))
def test_numbers_are_looked_at_without_an_error_and_never_written_out(
    presented: str, asserted: list[tuple[str, str]], by: Trunk
) -> None:
    of = call(*(f"{name}: {uri}" for name, uri in asserted), trunk=by, fields={"From": f"{presented};tag=1"})
    numbers = [party.number for _, party in of.shown() if party.number is not None and len(party.number) > 6]
    for check in CHECKS:
        for finding in check.check(of):
            text = f"{finding.detail} {finding.particulars}"
            assert not [number for number in numbers if number in text]
            assert dict(finding.particulars).get("field", "from") in ("from", "asserted", "name")


@given(URIS, URIS)
def test_the_form_and_the_plan_agree_on_what_is_a_number(presented: str, asserted: str) -> None:
    of = call(f"P-Asserted-Identity: {asserted}", trunk=TRUNKS[0], fields={"From": f"{presented};tag=1"})
    malformed = {dict(item.particulars).get("field") for item in NumberFormatCheck().check(of)} - {None}
    planned = [dict(item.particulars) for item in NumberPlanCheck(None).check(of)]
    known = {item["field"] for item in planned if item["kind"] != "unknown" and item["country"] in ("GB", "FR")}
    for field in known & malformed:
        assert any(len(party.number or "") > 15 for each, party in of.shown() if each == field)
