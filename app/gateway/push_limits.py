"""How much one request may push."""

from typing import Final

from schemas.channels import MIB

MOST_BYTES: Final = 12 * MIB
MOST_ARTICLES: Final = 1000
