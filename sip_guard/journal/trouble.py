"""What may be wrong with a record, whatever it is kept in."""


class Unusable(Exception):  # noqa: N818 - what it is
    """The record cannot be used now; says why. Nothing of what was asked was done."""


class RefusedRecord(Unusable):
    """What is there is no record that can be used; says why and what to do."""


class DamagedRecord(Unusable):
    """What is there is broken for good."""
