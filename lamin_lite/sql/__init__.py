"""Everything that speaks SQL: connections, tables and fields, lookups, query sets, migrations."""
