"""The dashboards of Grafana, built from the catalogue."""

import warnings

# The SDK calls these models old at import. Their successor is not what Grafana 12.4 reads from files.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import grafana_foundation_sdk.builders.dashboard
    import grafana_foundation_sdk.builders.gauge
    import grafana_foundation_sdk.models.dashboard  # noqa: F401
