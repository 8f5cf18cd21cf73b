"""`python -m sip_guard` is `sip-guard`."""

from sip_guard.cli import main

if __name__ == "__main__":
    main()
