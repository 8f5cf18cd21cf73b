"""What a decision costs, by the number of rules: those that cannot be about a call are not asked."""

import argparse
import sys
import timeit
from functools import partial

from incoming import DEFAULT, call, rule

from sip_guard.call import Code, Finding
from sip_guard.policy.decision import TagOptions, decide
from sip_guard.policy.rule import Rule
from sip_guard.policy.rules import Rules

CODES = [code.value for code in Code if code.value.startswith(("number-", "campaign-", "foreign-", "certificate-"))]
PROTECTED = Finding(Code.NUMBER_PROTECTED, particulars=(("list", "bank-0"), ("field", "from"), ("owner", "A Bank")))
CALLS = {"unsigned, one finding": [Finding(Code.NO_IDENTITY)], "protected, two": [Finding(Code.NO_IDENTITY), PROTECTED]}
OPTIONS = TagOptions()


def policy(size: int) -> Rules:
    """Make a policy of so many rules: the default one, and before it some about trunks, findings, lists, numbers."""
    return Rules((*(_rule(i) for i in range(size - len(DEFAULT))), *DEFAULT))


def _rule(i: int) -> Rule:
    kinds = (
        lambda: rule(f"trunk-{i}", "tag", trunk=f"trunk-{i}", caller=f"+{i}"),
        lambda: rule(f"finding-{i}", "tag", CODES[i % len(CODES)], country="GB", kind="mobile", mode="shadow"),
        lambda: rule(f"list-{i}", "reject 403", "number-protected", list=f"bank-{i + 1}"),
        lambda: rule(f"signer-{i}", "tag", "passed", attestation="B C", spc=f"{i}"),
    )
    return kinds[i % len(kinds)]()


def main() -> None:
    """Print a line for each size and call."""
    parser = argparse.ArgumentParser(prog="scripts/bench policy", description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[20, 200, 2000], metavar="RULES")
    of = call()
    for size in parser.parse_args().sizes:
        rules = policy(size)
        for name, found in CALLS.items():
            timer = timeit.Timer(partial(decide, of, found, rules, OPTIONS))
            number = 200 if size > 200 else 1000
            best = min(timer.repeat(5, number)) / number
            asked = len(rules.about(of, found))
            sys.stdout.write(f"{size:6} rules, {asked:4} asked: {best * 1e6:7.1f} us  {name}\n")


if __name__ == "__main__":
    main()
