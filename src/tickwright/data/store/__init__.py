"""The files of the default catalog backend: manifest, parts, staging, schemas."""
