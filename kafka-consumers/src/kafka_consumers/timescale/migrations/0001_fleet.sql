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

CREATE TABLE gpu_health_scores (
    gpu text NOT NULL,
    time timestamptz NOT NULL,
    score double precision NOT NULL CHECK (score BETWEEN 0 AND 100),
    components jsonb NOT NULL CHECK (jsonb_typeof(components) = 'object'),
    reasons jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(reasons) = 'array'),
    version text NOT NULL,
    PRIMARY KEY (gpu, time)
);
COMMENT ON TABLE gpu_health_scores IS 'Health of a GPU at a time, 100 best. Whoever computes it writes it; again is harmless.';
COMMENT ON COLUMN gpu_health_scores.components IS 'Component -> its score, 0 to 100; one without evidence is absent.';
COMMENT ON COLUMN gpu_health_scores.reasons IS 'Sentences for people, the gravest first.';
COMMENT ON COLUMN gpu_health_scores.version IS 'Of the rules that made it.';

CREATE TABLE gpu_failure_predictions (
    gpu text NOT NULL,
    time timestamptz NOT NULL,
    horizon_hours integer NOT NULL CHECK (horizon_hours > 0),
    probability double precision NOT NULL CHECK (probability BETWEEN 0 AND 1),
    model_version text NOT NULL,
    reasons jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(reasons) = 'array'),
    PRIMARY KEY (gpu, time, horizon_hours)
);
COMMENT ON TABLE gpu_failure_predictions IS 'The calibrated probability that a GPU fails within the horizon, as seen at a time.';
COMMENT ON COLUMN gpu_failure_predictions.reasons IS 'The features that weigh most, as sentences for people.';
