"""Being here puts this folder on the import path, for `pki`, `reactor` and their like (pytest, import mode prepend)."""
