"""After all harm: every load is looked at once more, whole sets of identities, and the minutes of health."""

from __future__ import annotations

import pytest

from faults.conftest import Record
from support import fault_looks
from support.fault_field import Field

pytestmark = pytest.mark.timeout(1800)


def test_nothing_came_twice_later(field: Field, record: Record) -> None:
    assert field.looks, "no load was counted"
    fault_looks.again(field.platform, field.environment, field.looks)
    for look in field.looks:
        if look.outcome.is_right:
            record(look.outcome)
    # Those that are wrong last, so that the table has all.
    for look in field.looks:
        record(look.outcome)
