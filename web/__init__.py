"""What all web apps share: pages, translations, sign-in, components.

An app is put together by :func:`web.app.assemble`: it brings routes and templates, and gets sessions, rights, security headers,
error pages, languages and the built components. ``web`` knows neither recorder nor archive.
"""
