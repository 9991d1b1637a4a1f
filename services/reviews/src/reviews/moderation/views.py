"""What operators see and do. Views are thin: they read a form, call one verb in one transaction, and
redirect.
"""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import Select, select

from reviews import moderating
from reviews.errors import NoSuchReview
from reviews.extensions import db
from reviews.keyset import NEWEST, page_of
from reviews.models import Review, Status
from reviews.moderation.access import moderator_id
from reviews.moderation.forms import FilterForm, HideForm, HideManyForm, ShowForm

PAGE = 25


def index() -> Any:
    return redirect(url_for("moderation.reviews"), 303)


def reviews() -> Any:
    return _list(HideManyForm(formdata=None))


def _list(form: HideManyForm, status: int = 200) -> Any:
    filters = FilterForm(request.args)
    valid = filters.validate()
    cursor = filters.cursor.data or None
    items, next_cursor = page_of(db.session, _chosen(filters), NEWEST, PAGE, cursor) if valid else ([], None)
    text = render_template(
        "moderation/reviews.html",
        items=items,
        filters=filters,
        form=form,
        next_url=url_for("moderation.reviews", **filters.chosen(cursor=next_cursor)) if next_cursor else None,
        first_url=url_for("moderation.reviews", **filters.chosen()) if cursor else None,
        here=filters.chosen(cursor=cursor) if valid else {},
    )
    return text, status if valid else 422


def _chosen(filters: FilterForm) -> Select[Review]:
    states = (
        [Status.PUBLISHED, Status.HIDDEN] if filters.status.data == "all" else [Status(filters.status.data)]
    )
    rows = select(Review).where(Review.status.in_(states))
    if filters.rating.data:
        rows = rows.where(Review.rating == int(filters.rating.data))
    if filters.product_id.data:
        rows = rows.where(Review.product_id == UUID(filters.product_id.data))
    return rows


def hide_many() -> Any:
    form = HideManyForm()
    if not form.validate():
        return _list(form, 422)
    with db.session.begin():
        hidden = moderating.hide(db.session, form.ids.data or [], form.words, moderator_id())
    flash(f"{len(hidden)} hidden." if hidden else "None of them was published any more.")
    filters = FilterForm(request.args)
    here = filters.chosen(cursor=filters.cursor.data) if filters.validate() else {}
    return redirect(url_for("moderation.reviews", **here), 303)


def review(review_id: UUID) -> Any:
    return _detail(review_id)


def hide(review_id: UUID) -> Any:
    form = HideForm()
    if not form.validate():
        return _detail(review_id, hide_form=form, status=422)
    with db.session.begin():
        hidden = moderating.hide(db.session, [review_id], form.words, moderator_id())
    flash("Hidden: nobody but its author sees it." if hidden else "It was not published any more.")
    return redirect(url_for("moderation.review", review_id=review_id), 303)


def show(review_id: UUID) -> Any:
    form = ShowForm()
    if not form.validate():
        return _detail(review_id, show_form=form, status=422)
    with db.session.begin():
        shown = moderating.show(db.session, [review_id], form.reason.data or "", moderator_id())
    flash("Everybody sees it again." if shown else "It was not hidden any more.")
    return redirect(url_for("moderation.review", review_id=review_id), 303)


def _detail(
    review_id: UUID,
    *,
    hide_form: HideForm | None = None,
    show_form: ShowForm | None = None,
    status: int = 200,
) -> Any:
    found = db.session.get(Review, review_id)
    if found is None:
        raise NoSuchReview
    text = render_template(
        "moderation/review.html",
        review=found,
        log=moderating.log_of(db.session, review_id),
        hide_form=hide_form or HideForm(formdata=None),
        show_form=show_form or ShowForm(formdata=None),
        me=moderator_id(),
    )
    return text, status
