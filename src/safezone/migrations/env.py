"""Run by Alembic: the connection comes from the program, which has opened the right database already."""

from alembic import context

from safezone.core.db import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
