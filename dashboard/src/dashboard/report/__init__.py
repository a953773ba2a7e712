"""The report document: what the report tables of a day or a week say, as one page for a person."""
