"""How probable it is that a GPU fails: features, a model that people can read, its evaluation. docs/risk.md."""
