"""The secretary's and presiding judge's web app in the courtroom."""
