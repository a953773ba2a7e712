"""The stores: influxdb (with line_protocol, points, influxdb_api, refusals) and stdout; none imports another."""
