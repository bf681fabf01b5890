"""Storage: the DuckDB catalog, reflections, FAISS vectors, versions."""
