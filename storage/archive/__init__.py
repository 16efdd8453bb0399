"""The central service and the appellate judge's web app."""
