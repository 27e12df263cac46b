"""Pod objects and the tables: reading JSON, deriving answers."""
