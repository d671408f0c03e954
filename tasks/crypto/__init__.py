"""Certificates and encryption; the only importer of cryptography and ssl."""
