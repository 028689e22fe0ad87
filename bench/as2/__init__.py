"""django-pyas2, the free AS2 server that signed exchange with receipts is compared with, in an environment of its own."""
