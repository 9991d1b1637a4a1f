"""What a parcel costs the market and who carries it: one parcel for each seller, by weight of pieces and
distance.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from fulfillment.shipping.addresses import Address
from fulfillment.validation import SellerLine

HOME = "DE"
CARRIERS = {True: "Marktpost", False: "Euroroute"}
BASE_MINOR = {True: 399, False: 899}
PIECE_MINOR = 35


@dataclass(frozen=True, slots=True)
class Quote:
    seller_id: UUID
    carrier: str
    cost_minor: int


def quote(address: Address, lines: Sequence[SellerLine]) -> list[Quote]:
    at_home = address.country == HOME
    pieces: Counter[UUID] = Counter()
    for line in lines:
        pieces[line.seller_id] += line.quantity
    return [
        Quote(seller_id, CARRIERS[at_home], BASE_MINOR[at_home] + PIECE_MINOR * (count - 1))
        for seller_id, count in sorted(pieces.items())
    ]
