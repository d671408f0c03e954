"""Chromium, through Playwright: this package is the only importer of Playwright."""
