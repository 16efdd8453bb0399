"""The administrator's web app (reserved)."""
