"""The hattama command and the demo courtroom: the only place that knows every package."""
