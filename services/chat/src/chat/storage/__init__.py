"""PostgreSQL: the tables, the engine, the schema."""
