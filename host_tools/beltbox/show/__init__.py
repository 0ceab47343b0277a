"""Who watches a recording while it goes on: each is a View of one live state."""
