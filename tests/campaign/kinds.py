"""The kinds of call in a day of the campaign: what spoofers do, and everything that has to get through beside it."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import makers
from invite import Invite
from makers import Draw
from ranges import THIRD

Must = Literal["stopped", "through", "unseen"]
"""What has to become of a kind: refused; not refused; or it cannot be told from a call that has to get through."""


class Kind(NamedTuple):
    """One kind of call."""

    name: str
    trunk: str
    must: Must
    why: str
    """Why it has to be so, for the reader of the table."""
    make: Callable[[Draw], Invite]
    weight: int = 1
    """How often it comes, beside the others that have to get through."""


SPOOFED = (
    Kind("bank number, from abroad", "gateway", "stopped", "protected, and a number of home", makers.bank),
    Kind("bank number, asserted by a trunk abroad", "gateway", "stopped", "as above", makers.bank_asserted_too),
    Kind("bank number, from a domestic trunk", "carrier", "stopped", "protected", makers.bank),
    Kind(
        "bank number in national form",
        "carrier",
        "stopped",
        "protected, as the trunk's dial plan reads it",
        makers.bank_national,
    ),
    Kind(
        "bank number in From, a harmless one asserted",
        "carrier",
        "stopped",
        "each field counts",
        makers.bank_harmless_asserted,
    ),
    Kind(
        "bank number asserted, a harmless one in From",
        "carrier",
        "stopped",
        "each field counts",
        makers.bank_in_asserted,
    ),
    Kind(
        "bank number as display name only",
        "carrier",
        "stopped",
        "a number in a name is shown, too",
        makers.bank_number_as_name,
    ),
    Kind(
        "bank number, attested C by a gateway",
        "carrier",
        "stopped",
        "its list asks for A of the bank's",
        makers.bank_attested_by_gateway,
    ),
    Kind(
        "bank name as display name only",
        "carrier",
        "through",
        "presents no protected number: tagged, for a rule of yours",
        makers.bank_name,
    ),
    Kind(
        "any fixed number of home, from abroad",
        "gateway",
        "stopped",
        "a number of home does not come from abroad",
        makers.home_from_abroad,
    ),
    Kind(
        "mobile number of home, from abroad",
        "gateway",
        "unseen",
        "looks like one that roams, and is not shown; `roaming_verified` trunks can tell",
        makers.mobile,
    ),
    Kind(
        "number of somebody on no list, from a domestic trunk",
        "carrier",
        "unseen",
        "only its carrier knows whose it is; attestation A tells",
        makers.fixed_line,
    ),
    Kind(
        "withheld number, and a voice that says it is the bank",
        "carrier",
        "unseen",
        "nothing is shown that could be false",
        makers.withheld,
    ),
)
"""In the order in which they come."""

LEGITIMATE = (
    Kind("fixed line", "carrier", "through", "", makers.fixed_line, 30),
    Kind("mobile", "carrier", "through", "", makers.mobile, 30),
    Kind("national form, in From and Request-URI", "carrier", "through", "", makers.national_form, 10),
    Kind("withheld number", "carrier", "through", "", makers.withheld, 6),
    Kind("attested A", "carrier", "through", "", makers.attested("A", "carrier"), 6),
    Kind("attested C", "carrier", "through", "", makers.attested("C", "gateway"), 4),
    Kind("mobile that roams", "gateway", "through", "", makers.mobile, 4),
    Kind("foreign number", "gateway", "through", "", makers.abroad, 4),
    Kind("foreign number, attested C by a gateway", "gateway", "through", "", makers.foreign_attested, 2),
    Kind("call centre that shows its client's number", "call-centre", "through", "", makers.call_centre, 4),
    Kind("sent on, with Diversion and History-Info", "carrier", "through", "", makers.sent_on, 3),
    Kind("sent on, with a div token", "carrier", "through", "", makers.sent_on_signed, 3),
    Kind("withheld number from abroad, with a network number", "gateway", "through", "", makers.withheld_abroad, 2),
    Kind("customer with lines abroad, permitted", "gateway", "through", "", makers.customer_abroad, 2),
    Kind("Guernsey", "gateway", "through", "", makers.dependency, 1),
    Kind("short code is called", "carrier", "through", "", makers.short, 2),
    Kind("emergency call", "carrier", "through", "", makers.emergency, 1),
    Kind("emergency centre calls back", "carrier", "through", "", makers.called_back, 1),
    Kind("the bank itself, by its trunk and with its name", "bank", "through", "", makers.bank_itself, 2),
    Kind("the bank itself, attested A", "carrier", "through", "", makers.attested("A", "bank", THIRD), 2),
)
