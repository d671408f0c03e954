"""The three web systems of the practice estate; each module's `build` makes one ASGI application."""
