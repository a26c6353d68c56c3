"""The rules of tools/check: what no reviewer should have to look for."""
