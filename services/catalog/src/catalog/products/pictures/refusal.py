class PictureRefused(ValueError):
    """The picture holds something that a picture has no need of."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message
