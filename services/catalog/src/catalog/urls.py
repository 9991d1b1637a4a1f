from django.contrib import admin
from django.urls import include, path
from django.views.decorators.csp import csp_override
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from catalog.products.picture_view import picture
from catalog.products.views import CategoryViewSet, ProductViewSet
from catalog.sellers.views import SellerViewSet, StaffViewSet
from catalog.web import csp

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("products", ProductViewSet)
router.register("categories", CategoryViewSet)
router.register("sellers", SellerViewSet)
router.register("staff", StaffViewSet)

api = [
    *router.urls,
    path("pictures/<uuid:pk>", picture, name="picture"),
    path("openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path(
        "docs",
        csp_override(csp.DOCS)(SpectacularSwaggerSplitView.as_view(url_name="openapi")),
        name="docs",
    ),
]

urlpatterns = [
    path("api/catalog/", include(api)),
    path("admin/", admin.site.urls),
]

handler400 = "catalog.web.problems.bad_request"
handler403 = "catalog.web.problems.permission_denied"
handler404 = "catalog.web.problems.page_not_found"
handler500 = "catalog.web.problems.server_error"
