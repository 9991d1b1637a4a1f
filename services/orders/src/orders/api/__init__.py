"""The HTTP side: routes by resource, what they take and give, and what each error is answered with."""
