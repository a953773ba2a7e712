"""What people see: status, session card, API and console."""
