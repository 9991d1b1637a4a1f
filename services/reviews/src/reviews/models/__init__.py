"""All tables; importing this fills the metadata."""

from reviews.models.base import Base
from reviews.models.messages import FOREIGN_TABLES, inbox, outbox
from reviews.models.moderation import Action, ModerationEntry
from reviews.models.purchase import Purchase, PurchaseStatus
from reviews.models.review import Review, Status
from reviews.models.summary import STARS, RatingSummary

__all__ = [
    "FOREIGN_TABLES",
    "STARS",
    "Action",
    "Base",
    "ModerationEntry",
    "Purchase",
    "PurchaseStatus",
    "RatingSummary",
    "Review",
    "Status",
    "inbox",
    "outbox",
]
