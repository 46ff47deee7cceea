"""Configuration model: schema, tree, differences and text forms."""
