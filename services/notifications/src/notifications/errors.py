"""What can go wrong while something is done, by what follows from it."""


class Passing(Exception):
    """A server is away, or says "later": the same again after a pause may help."""


class Hopeless(Exception):
    """No retry helps; a person must look at it."""


class NotWanted(Exception):
    """There is nobody to tell, or nothing to tell any more."""
