from nameko.timer import Timer


class SettingTimer(Timer):
    """Nameko's timer with its interval from the configuration: `@every("RESOLVE_INTERVAL_SECONDS")`."""

    def __init__(self, setting: str, **kwargs: object) -> None:
        self.setting = setting
        super().__init__(interval=0, **kwargs)

    def setup(self) -> None:
        self.interval = self.container.config[self.setting]


every = SettingTimer.decorator
