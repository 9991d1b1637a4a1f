"""The back office: what a seller sees, what a seller can't, and that each change leaves its event."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.accounts.models import User
from catalog.availability.models import Availability
from catalog.products.models import Category, Product
from catalog.products.querysets import ProductDraft, ProductQuerySet
from catalog.sellers.models import Seller, SellerStaff

LIST = "/admin/products/product/"


def change(product: Product) -> str:
    return reverse("admin:products_product_change", args=[product.pk])


def form_of(product: Product, **changes: Any) -> dict[str, Any]:
    """What the browser posts: the form as it was shown, and the inline's bookkeeping."""
    fields = {
        "name": product.name,
        "description": product.description,
        "category": product.category_id,
        "price_minor": product.price_minor,
        "status": product.status,
        "expected_version": product.version,
        "prices-TOTAL_FORMS": 0,
        "prices-INITIAL_FORMS": 0,
    }
    return fields | changes


def action(name: str, *products: Product, **more: Any) -> dict[str, Any]:
    return {"action": name, "_selected_action": [str(product.pk) for product in products], **more}


@pytest.fixture
def tess(market: SimpleNamespace, signed_in: Any) -> Client:
    return signed_in(market.tess)


@pytest.fixture
def olga(market: SimpleNamespace, signed_in: Any) -> Client:
    return signed_in(market.operator)


# -- what is seen ---------------------------------------------------------------------------------------


def test_the_list_shows_picture_price_and_stock(tess: Client, market: SimpleNamespace) -> None:
    Availability.objects.create(product=market.assam, on_hand=7, available=5, version=1)
    page = tess.get(LIST).content.decode()
    assert f'src="{market.assam.picture_url}"' in page
    assert "12.40 EUR" in page
    assert '<span class="stock-in">5</span> <small>of 7</small>' in page
    assert "not known" in page


def test_sellers_see_their_own_stall_and_operators_all(tess: Client, olga: Client) -> None:
    assert {product.sku for product in tess.get(LIST).context["cl"].queryset} == {"T-1", "T-2", "T-3"}
    assert {product.sku for product in olga.get(LIST).context["cl"].queryset} == {"T-1", "T-2", "T-3", "M-1"}


def test_the_list_costs_the_same_however_long_it_is(
    tess: Client, market: SimpleNamespace, django_assert_num_queries: Any
) -> None:
    tess.get(LIST)
    with CaptureQueriesContext(connection) as few:
        tess.get(LIST)
    tea = Category.objects.get(slug="tea")
    drafts = [
        ProductDraft(seller=market.teas, category=tea, sku=f"N-{n}", slug=f"n-{n}", name="New", price_minor=n)
        for n in range(1, 41)
    ]
    Product.objects.introduce(drafts, by="tess")
    with django_assert_num_queries(len(few)):
        assert len(tess.get(LIST).context["cl"].result_list) == 43


@pytest.mark.parametrize(
    ("query", "skus"),
    [
        ("q=muscat", {"T-2"}),
        ("q=t-3", {"T-3"}),
        ("status__exact=archived", set()),
        ("stock=in", {"T-1"}),
        ("stock=out", {"T-2"}),
        ("stock=unknown", {"T-3"}),
        ("o=-6", {"T-1", "T-2", "T-3"}),
        ("o=-7", {"T-1", "T-2", "T-3"}),
    ],
)
def test_search_and_filters(tess: Client, market: SimpleNamespace, query: str, skus: set[str]) -> None:
    Availability.objects.create(product=market.assam, on_hand=7, available=5, version=1)
    Availability.objects.create(product=market.darjeeling, on_hand=1, available=0, version=1)
    assert {product.sku for product in tess.get(f"{LIST}?{query}").context["cl"].queryset} == skus


def test_the_price_history_is_shown_with_names_and_can_not_be_edited(
    tess: Client, market: SimpleNamespace
) -> None:
    tess.post(change(market.assam), form_of(market.assam, price_minor=1000))
    page = tess.get(change(market.assam)).content.decode()
    assert "10.00 EUR" in page
    assert "12.40 EUR" in page
    assert page.count("<p>Tess</p>") == 1
    assert 'name="prices-0-price_minor"' not in page


# -- what changes ---------------------------------------------------------------------------------------


def test_an_edit_is_one_version_and_one_event(tess: Client, market: SimpleNamespace, events: Any) -> None:
    answer = tess.post(change(market.assam), form_of(market.assam, price_minor=1000, name="Assam Gold"))
    assert answer.status_code == 302
    (event,) = events()
    assert (event["data"]["price_minor"], event["data"]["name"]) == (1000, "Assam Gold")
    assert event["aggregateversion"] == 2
    assert market.assam.prices.first().changed_by == f"account:{market.tess.account_id}"
    assert LogEntry.objects.get().object_id == str(market.assam.pk)


def test_saving_without_a_change_tells_nothing(tess: Client, market: SimpleNamespace, events: Any) -> None:
    assert tess.post(change(market.assam), form_of(market.assam)).status_code == 302
    assert events() == []


def test_a_page_that_is_out_of_date_overwrites_nothing(
    tess: Client, market: SimpleNamespace, events: Any
) -> None:
    Product.objects.filter(pk=market.assam.pk).revise(by="somebody", price_minor=2000)
    answer = tess.post(change(market.assam), form_of(market.assam, price_minor=1000))
    assert answer.status_code == 200
    assert "Somebody else changed this product" in answer.content.decode()
    assert Product.objects.get(pk=market.assam.pk).price_minor == 2000
    assert len(events()) == 1


def test_a_change_between_the_check_and_the_lock_overwrites_nothing(
    tess: Client, market: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    revise = ProductQuerySet.revise

    def late(rows: ProductQuerySet, **arguments: Any) -> Any:
        monkeypatch.setattr(ProductQuerySet, "revise", revise)
        Product.objects.filter(pk=market.assam.pk).revise(by="somebody", price_minor=2000)
        return rows.revise(**arguments)

    monkeypatch.setattr(ProductQuerySet, "revise", late)
    answer = tess.post(change(market.assam), form_of(market.assam, price_minor=1000), follow=True)
    assert "Somebody else changed this product" in answer.content.decode()
    assert Product.objects.get(pk=market.assam.pk).price_minor != 1000


def test_a_new_product_with_its_picture(tess: Client, market: SimpleNamespace, events: Any) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    svg = SimpleUploadedFile("tin.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="3"/></svg>')
    fields = form_of(
        market.assam, seller=market.teas.pk, sku="T-9", slug="new-tea", name="New tea", picture_file=svg
    )
    answer = tess.post(f"{LIST}add/", fields)
    assert answer.status_code == 302, answer.context["errors"]
    (event,) = events()
    assert (event["data"]["sku"], event["aggregateversion"]) == ("T-9", 1)
    assert event["data"]["picture_url"].startswith("/api/catalog/pictures/")


def test_a_picture_with_a_script_is_refused(tess: Client, market: SimpleNamespace, events: Any) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    svg = SimpleUploadedFile("x.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>')
    answer = tess.post(change(market.assam), form_of(market.assam, picture_file=svg))
    assert "The element &lt;script&gt; is not taken." in answer.content.decode()
    assert events() == []


def test_archiving_three_products_leaves_exactly_three_events(
    tess: Client, market: SimpleNamespace, events: Any
) -> None:
    answer = tess.post(LIST, action("archive", market.assam, market.darjeeling, market.sencha), follow=True)
    assert "3 products archived." in answer.content.decode()
    assert sorted((event["data"]["sku"], event["data"]["status"]) for event in events()) == [
        ("T-1", "archived"),
        ("T-2", "archived"),
        ("T-3", "archived"),
    ]


def test_a_bulk_action_that_fails_leaves_no_event(tess: Client, market: SimpleNamespace, events: Any) -> None:
    Product.objects.filter(pk=market.sencha.pk).revise(by="tess", price_minor=99_000_000)
    told = len(events())
    chosen = (market.assam, market.darjeeling, market.sencha)
    answer = tess.post(LIST, action("change_prices", *chosen, percent="100", apply="1"), follow=True)
    assert "nothing was changed" in answer.content.decode()
    assert len(events()) == told
    assert Product.objects.get(pk=market.assam.pk).price_minor == 1240


def test_prices_change_after_a_page_that_shows_them(
    tess: Client, market: SimpleNamespace, events: Any
) -> None:
    chosen = (market.assam, market.darjeeling, market.sencha)
    page = tess.post(LIST, action("change_prices", *chosen)).content.decode()
    assert "12.40 EUR" in page
    page = tess.post(LIST, action("change_prices", *chosen, percent="10", preview="1")).content.decode()
    assert "13.64 EUR" in page
    assert events() == []
    page = tess.post(LIST, action("change_prices", *chosen, percent="-91", apply="1")).content.decode()
    assert "greater than or equal to -90" in page
    assert events() == []
    tess.post(LIST, action("change_prices", *chosen, percent="10", apply="1"))
    assert {event["data"]["sku"]: event["data"]["price_minor"] for event in events()} == {
        "T-1": 1364,
        "T-2": 2035,
        "T-3": 1466,
    }


def test_products_move_to_another_category(tess: Client, market: SimpleNamespace, events: Any) -> None:
    maps = Category.objects.get(slug="maps")
    page = tess.post(LIST, action("recategorise", market.assam, market.sencha)).content.decode()
    assert "Apply to 2 products" in page
    tess.post(LIST, action("recategorise", market.assam, market.sencha, category=maps.pk, apply="1"))
    assert {event["data"]["category"] for event in events()} == {"maps"}
    assert len(events()) == 2


def test_a_tax_rate_changed_in_the_back_office_is_told(
    olga: Client, market: SimpleNamespace, events: Any
) -> None:
    tea = Category.objects.get(slug="tea")
    olga.post(f"/admin/products/category/{tea.pk}/change/", {"name": "Teas", "tax_rate_bp": 500})
    tea.refresh_from_db()
    assert (tea.name, tea.tax_rate_bp) == ("Teas", 500)
    assert len(events()) == 3


def test_an_operator_makes_a_category(olga: Client, market: SimpleNamespace, events: Any) -> None:
    olga.post("/admin/products/category/add/", {"slug": "ink", "name": "Inks", "tax_rate_bp": 1900})
    assert Category.objects.get(slug="ink").name == "Inks"
    assert "19 %" in olga.get("/admin/products/category/").content.decode()
    assert events() == []


# -- what a seller can't --------------------------------------------------------------------------------


def test_a_seller_reaches_nothing_of_another_stall(
    tess: Client, market: SimpleNamespace, events: Any
) -> None:
    assert tess.get(change(market.map)).status_code == 302  # "perhaps it was deleted?"
    tess.post(change(market.map), form_of(market.map, price_minor=1))
    tess.post(LIST, action("archive", market.map))
    tess.post(LIST, action("change_prices", market.map, percent="-90", apply="1"))
    assert tess.get(f"/admin/sellers/seller/{market.maps.pk}/change/").status_code == 302
    assert Product.objects.get(pk=market.map.pk).version == 1
    assert events() == []


def test_a_seller_puts_nothing_into_another_stall(tess: Client, market: SimpleNamespace, events: Any) -> None:
    fields = form_of(market.assam, seller=market.maps.pk, sku="X-1", slug="x")
    assert tess.post(f"{LIST}add/", fields).status_code == 200
    tess.post(change(market.assam), form_of(market.assam, seller=market.maps.pk))
    assert not Product.objects.filter(sku="X-1").exists()
    assert Product.objects.get(pk=market.assam.pk).seller_id == market.teas.pk
    assert events() == []


def test_nobody_deletes_a_product(olga: Client, tess: Client, market: SimpleNamespace) -> None:
    for client in (olga, tess):
        assert client.post(f"{change(market.assam)[:-7]}delete/", {"post": "yes"}).status_code == 403
        client.post(LIST, action("delete_selected", market.assam, post="yes"))
    assert Product.objects.filter(pk=market.assam.pk).exists()


@pytest.mark.parametrize(
    "path",
    [
        "/admin/accounts/user/",
        "/admin/accounts/user/add/",
        "/admin/products/category/",
        "/admin/products/category/add/",
        "/admin/sellers/seller/add/",
    ],
)
def test_a_seller_gets_no_further(tess: Client, path: str) -> None:
    assert tess.get(path).status_code == 403
    assert tess.post(path, {"is_superuser": "on"}).status_code == 403


def test_a_seller_cannot_escalate(tess: Client, market: SimpleNamespace) -> None:
    """Neither by posting fields that the form does not show nor by taking others into the stall."""
    tess.post(
        f"/admin/accounts/user/{market.tess.pk}/change/", {"is_superuser": "on", "email": "x@example.org"}
    )
    tess.post(
        f"/admin/sellers/seller/{market.teas.pk}/change/",
        {
            "name": "Teas", "slug": "stolen", "staff-TOTAL_FORMS": 1, "staff-INITIAL_FORMS": 0,
            "staff-0-user": market.mara.pk, "staff-0-seller": market.teas.pk,
        },
    )  # fmt: skip
    assert not User.objects.get(pk=market.tess.pk).is_superuser
    assert Seller.objects.get(pk=market.teas.pk).slug == "teas"
    assert SellerStaff.objects.filter(seller=market.teas).count() == 1


def test_who_works_nowhere_sees_nothing(market: SimpleNamespace, signed_in: Any) -> None:
    SellerStaff.objects.filter(user=market.tess).delete()
    client = signed_in(market.tess)
    assert client.get(LIST).status_code == 403
    assert "Products" not in client.get("/admin/").content.decode()


def test_who_left_is_out(market: SimpleNamespace, signed_in: Any) -> None:
    client = signed_in(market.tess)
    User.objects.filter(pk=market.tess.pk).update(is_active=False)
    assert client.get(LIST).status_code == 302


def test_a_form_without_its_token_is_refused(market: SimpleNamespace) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(market.tess)
    answer = client.post(LIST, action("archive", market.assam))
    assert answer.status_code == 403
    assert answer.headers["Content-Type"].startswith("text/html")


def test_the_database_itself_keeps_prices_sane(market: SimpleNamespace) -> None:
    with pytest.raises(IntegrityError, match="price_is_sane"):
        Product.objects.filter(pk=market.assam.pk).revise(by="tess", price_minor=0)
