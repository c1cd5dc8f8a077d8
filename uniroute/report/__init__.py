"""From your own table to a decision: any table of answers read, and a page on what routing saves.

A room of its own, with the extra ``report``; of the package only the door ``uniroute.read_table``
leads here.
"""

from uniroute.report.tables import Table, read_table

__all__ = ["Table", "read_table"]
