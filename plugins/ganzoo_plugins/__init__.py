"""The built-in plugins: one file each, through the same door as a stranger's."""
