"""The catalog on ArcticDB: an extra, `pip install 'tickwright[arctic]'`, under ArcticDB's own licence."""
