"""Whose numbers the campaign shows. They belong to nobody.

Ofcom keeps ranges for drama (020 7946 0xxx, 07700 900xxx), but the numbering plan says that no call comes from them, so
they would be stopped without any list, and callers that have to get through could not have them. So here local numbers
begin with 0, as none does in the United Kingdom (it would be taken for the prefix of a national call), and mobiles with
071, which is not in use. Foreign numbers are those that countries keep for drama whose plans the guard does not know.
"""

from random import Random

BANKS = ("Albion Bank", "Meridian Building Society", "Northgate Bank")
"""Made up."""
FIRST, SECOND, THIRD = "4420000", "4420001", "4420002"
"""How the numbers of the banks begin: of the first only calls come in, the second has a trunk, the third signs."""

LONDON, LEEDS, PERMITTED, CLIENT = "44200", "441130", "4412100", "4412101"
MOBILE, GUERNSEY = "4471", "4414810"
FOREIGN = (("493023125", 12), ("6125550", 11), ("468465004", 11))
"""With their lengths: what Germany, Australia and Sweden keep for drama."""


def digits(random: Random, start: str, length: int = 12) -> str:
    """Give a number that begins so, of as many digits as a British one has with its country code."""
    return start + "".join(random.choices("0123456789", k=length - len(start)))


def fixed(random: Random) -> str:
    """Give a number of an ordinary line, which is no bank's."""
    return digits(random, random.choice((LONDON + "5", LONDON + "7", LEEDS)))


def national(number: str) -> str:
    """Write a British number as it is dialled at home."""
    return "0" + number[2:]


def grouped(number: str) -> str:
    """Write a number of London as people do."""
    text = national(number)
    return f"{text[:3]} {text[3:7]} {text[7:]}"
