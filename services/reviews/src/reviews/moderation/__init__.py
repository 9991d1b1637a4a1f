"""The moderation pages: Jinja2 and WTForms, for operators, without a line of script."""

from reviews.moderation.access import require_operator
from reviews.moderation.assets import add_headers, helpers, when
from reviews.moderation.blueprint import blueprint
from reviews.moderation.views import hide, hide_many, index, review, reviews, show

blueprint.before_request(require_operator)
blueprint.after_app_request(add_headers)
blueprint.app_context_processor(helpers)
blueprint.add_app_template_filter(when)
# without its slash as well: a redirect of Werkzeug's would name the host as this server heard it
blueprint.add_url_rule("/", view_func=index, strict_slashes=False)
blueprint.add_url_rule("/reviews", view_func=reviews)
blueprint.add_url_rule("/reviews/hide", view_func=hide_many, methods=["POST"])
blueprint.add_url_rule("/reviews/<uuid:review_id>", view_func=review)
blueprint.add_url_rule("/reviews/<uuid:review_id>/hide", view_func=hide, methods=["POST"])
blueprint.add_url_rule("/reviews/<uuid:review_id>/show", view_func=show, methods=["POST"])

__all__ = ["blueprint"]
