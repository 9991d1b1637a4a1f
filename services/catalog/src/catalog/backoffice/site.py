from django.contrib.admin import AdminSite


class BackOffice(AdminSite):
    site_header = "Bazaar back office"
    site_title = "Bazaar back office"
    site_url = None  # there are no pages for shoppers here
