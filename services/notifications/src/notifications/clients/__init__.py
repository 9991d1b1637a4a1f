"""The services that are asked, and the mail server."""
