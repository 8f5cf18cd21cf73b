"""Trust groups: what is asked of the certificates below their anchors."""

import pytest
from wrong import GOOD, Folder, changed

GROUP = changed("  anchors: [root.pem]\n", "  trust:\n    - name: us\n      anchors: [root.pem]\n")


def test_a_group_says_how_much_of_the_profile_it_wants(folder: Folder) -> None:
    (group,) = folder.load(GOOD).trust
    assert (group.name, group.profile, group.policies) == ("default", "normal", frozenset())
    (group,) = folder.load(f"{GROUP}      profile: strict\n      policies: [2.16.840.1.114569.1.1.4]\n").trust
    assert (group.name, group.profile, group.policies) == ("us", "strict", frozenset(("2.16.840.1.114569.1.1.4",)))


@pytest.mark.parametrize(
    ("option", "fault"),
    [
        ("profile: stict", "13: verification.trust[0].profile: there is no choice `stict`; did you mean `strict`?"),
        (
            "policies: [2.16.840.1.114569.1.1.4, SHAKEN]",
            "13: verification.trust[0].policies[1]: `SHAKEN` is no OID, such as 2.16.840.1.114569.1.1.4",
        ),
    ],
)
def test_a_profile_or_policy_that_is_none_is_a_fault(folder: Folder, option: str, fault: str) -> None:
    assert folder.fault(f"{GROUP}      {option}\n") == fault
