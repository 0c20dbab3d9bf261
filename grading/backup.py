"""Copies of the gradebook, made before it is changed in a way that nbgrader cannot take back."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.api import Base
from sqlalchemy import MetaData, create_engine, make_url, select


def copy(db_url, root):
    """Write a copy of the gradebook that nobody else can read; return its path.

    It lies in backups/, beside the file of an SQLite gradebook, else in the folder `root`. It is an SQLite gradebook
    whatever the original is, so that nbgrader reads it as it is, and no program of the server's is needed.
    """
    url = make_url(db_url)
    is_file = url.get_backend_name() == "sqlite"
    folder = (Path(url.database).resolve().parent if is_file else Path(root)) / "backups"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"gradebook-{datetime.now(UTC):%Y-%m-%d-%H%M%S-%f}.db"
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    if is_file:
        with closing(sqlite3.connect(url.database)) as source, closing(sqlite3.connect(path)) as target:
            source.backup(target)
    else:
        _copy_tables(db_url, f"sqlite:///{path}")
    return path


def _copy_tables(source_url, target_url):
    """Copy all tables of a gradebook into an empty database, as they are at one moment."""
    source, target = create_engine(source_url, isolation_level="REPEATABLE READ"), create_engine(target_url)
    try:
        with source.connect() as one, target.begin() as other:
            found = MetaData()
            found.reflect(one, only=["alembic_version"])
            for metadata in (Base.metadata, found):
                metadata.create_all(other)
                for table in metadata.sorted_tables:
                    rows = [dict(row) for row in one.execute(select(table)).mappings()]
                    if rows:
                        other.execute(table.insert(), rows)
    finally:
        source.dispose()
        target.dispose()
