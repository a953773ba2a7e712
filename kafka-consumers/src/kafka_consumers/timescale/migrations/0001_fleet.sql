-- What stands beside the readings, whose own tables follow the catalogue (columns.py). All times are UTC instants.

CREATE TABLE gpu_latest (
    gpu text PRIMARY KEY,
    time timestamptz NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE gpu_latest IS 'The time of the newest reading of each GPU, without imports. The sink writes it with the readings.';

CREATE TABLE gpu_metrics_due (
    step text NOT NULL CHECK (step IN ('1min', '5min', '1h')),
    gpu text NOT NULL,
    bucket timestamptz NOT NULL,
    PRIMARY KEY (step, gpu, bucket)
);
CREATE INDEX gpu_metrics_due_oldest ON gpu_metrics_due (step, bucket);
COMMENT ON TABLE gpu_metrics_due IS
    'Without TimescaleDB: aggregates whose readings have changed. Written with the readings, emptied as they are computed.';
