from django.contrib.admin import AdminSite


class BackOffice(AdminSite):
    site_header = "Bazaar back office"
    site_title = "Bazaar"
    index_title = "The market behind the stalls"
    site_url = None
    enable_nav_sidebar = True
