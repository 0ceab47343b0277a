"""From a link to the store: live, and what a box kept by itself."""
