"""Where the market delivers, so that a form can say at once what fulfillment would refuse later.

A copy of fulfillment's rules, not the rule: tests/unit/test_addresses.py compares the two.
"""

import re

from storefront.viewmodels.forms import Form

ADDRESS_FIELDS = ("name", "line1", "line2", "postal_code", "city", "country")

COUNTRIES = (
    ("AT", "Austria"),
    ("BE", "Belgium"),
    ("CZ", "Czechia"),
    ("DK", "Denmark"),
    ("FI", "Finland"),
    ("FR", "France"),
    ("DE", "Germany"),
    ("IE", "Ireland"),
    ("IT", "Italy"),
    ("LU", "Luxembourg"),
    ("NL", "Netherlands"),
    ("PL", "Poland"),
    ("PT", "Portugal"),
    ("ES", "Spain"),
    ("SE", "Sweden"),
)
POSTAL_CODES = {
    "AT": r"\d{4}",
    "BE": r"\d{4}",
    "CZ": r"\d{3} ?\d{2}",
    "DE": r"\d{5}",
    "DK": r"\d{4}",
    "ES": r"\d{5}",
    "FI": r"\d{5}",
    "FR": r"\d{5}",
    "IE": r"[A-Z]\d[\dW] ?[A-Z\d]{4}",
    "IT": r"\d{5}",
    "LU": r"\d{4}",
    "NL": r"\d{4} ?[A-Z]{2}",
    "PL": r"\d{2}-\d{3}",
    "PT": r"\d{4}-\d{3}",
    "SE": r"\d{3} ?\d{2}",
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check(form: Form) -> None:
    form.require(
        name="Who is it for?",
        line1="Please give a street and number.",
        postal_code="Please give a postal code.",
        city="Please give a town.",
        country="Please choose a country.",
    )
    form.limit(name=120, line1=120, line2=120, postal_code=16, city=80)
    for name in ADDRESS_FIELDS:
        if _CONTROL.search(form.values[name]):
            form.errors.setdefault(name, "Please use letters, numbers and punctuation only.")
    country, code = form.values["country"], form.values["postal_code"].upper()
    pattern = POSTAL_CODES.get(country)
    if country and pattern is None:
        form.errors["country"] = "The market does not deliver there."
    elif pattern and code and not re.fullmatch(pattern, code):
        form.errors.setdefault("postal_code", f"This is not a postal code of {dict(COUNTRIES)[country]}.")
