"""What the real screening makes of the day, with the rules enforced: the table in docs/campaign.md."""

from pathlib import Path

from generate import screened

DOCUMENT = Path(__file__).parents[2] / "docs" / "campaign.md"


def test_protected_numbers_are_stopped_nobody_else_is_and_the_document_says_so() -> None:
    table, wrong = screened()
    assert wrong == []
    assert table in DOCUMENT.read_text("utf-8")
