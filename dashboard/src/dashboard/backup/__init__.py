"""Backup and restore: everything that an instance holds, as plain files in one folder. docs/backup.md says how to use
it, docs/decisions/0019-backup.md why it is exact."""
