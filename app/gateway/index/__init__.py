"""The recent window as a database that is made anew at every start: SQLite with full-text search, read off the loop.

`tables` says what is in it, `writing` puts records in, `asking` turns filters into SQL, `counting` sums up.
"""

from app.gateway.index.index import Index
from app.gateway.index.rows import Found, Page, Row

__all__ = ["Found", "Index", "Page", "Row"]
