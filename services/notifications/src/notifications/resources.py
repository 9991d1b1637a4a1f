"""What a child of the worker holds open for its tasks."""

from notifications.clients.market import Market
from notifications.clients.smtp import Postman
from notifications.faults import FaultInjector
from notifications.mails.drafts import Drafts
from notifications.settings import Settings
from notifications.storage.engine import make_engine


class Resources:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        # one task at a time needs one connection
        self.engine = make_engine(settings.dsn, settings.process_name)
        self.market = Market(settings)
        self.postman = Postman(settings.smtp)
        self.drafts = Drafts(self.market, self.engine)
        self.faults = FaultInjector(settings.fault_file)

    def close(self) -> None:
        self.market.close()
        self.engine.dispose()
