"""Canada: which area codes of the NANP are its own.

Source: CNA and NANPA, area codes in service, as in the metadata of phonenumbers 9.0.43 (2026); H.
"""

AREAS = {
    "CA": "204 226 236 249 250 257 263 273 289 306 343 354 365 367 368 382 403 416 418 428 431 437 438 450 468 474 506 "
    "514 519 548 579 581 584 587 604 613 639 647 672 683 705 709 742 753 778 780 782 807 819 825 867 873 879 902 "
    "905 942",
}
"""ISO 3166-1 country, and its area codes."""
NON_GEOGRAPHIC = ("600", "622", "633")
"""Canada's own codes without an area. H for 600 and 622, M for 633."""
