"""The built-in plugins: one file each, registered as a stranger's are."""
