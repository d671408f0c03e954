"""Documents as files: `make` writes ours, `read` reads those that are handed in. The only importer of their libraries:
pypandoc, python-docx, pypdfium2 and markdown-it."""
