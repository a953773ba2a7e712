"""What to do about each GPU, and the money behind it: config/economics.yaml. docs/risk.md."""
