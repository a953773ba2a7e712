-- What the engine knows of each GPU, how far it has read, the alerts, and every change of theirs.

CREATE TABLE tracks (
    gpu text NOT NULL,
    track text NOT NULL,
    open_alerts integer NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (gpu, track)
);
COMMENT ON TABLE tracks IS 'State of one GPU live, in the demonstration, or in one imported log (JSON of Track).';

CREATE TABLE positions (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);
COMMENT ON TABLE positions IS 'The next record of Kafka to judge; moves in one transaction with what was made of those before.';

CREATE TABLE alerts (
    id text PRIMARY KEY,
    rule text NOT NULL,
    gpu text NOT NULL,
    host text NOT NULL,
    source text NOT NULL,
    model text,
    mode text NOT NULL,
    severity text NOT NULL,
    metric text NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    started timestamptz NOT NULL,
    fired timestamptz NOT NULL,
    changed timestamptz NOT NULL,
    resolved timestamptz,
    acknowledged_by text,
    value double precision NOT NULL,
    worst double precision NOT NULL,
    threshold double precision,
    message text NOT NULL,
    action text NOT NULL
);
CREATE INDEX alerts_open ON alerts (gpu) WHERE resolved IS NULL;
CREATE INDEX alerts_by_time ON alerts (started DESC);

CREATE TABLE changes (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id text NOT NULL REFERENCES alerts (id),
    state text NOT NULL,
    time timestamptz NOT NULL,
    message bytea NOT NULL,
    published boolean NOT NULL DEFAULT false,
    UNIQUE (alert_id, state, time)
);
COMMENT ON TABLE changes IS 'History of the alerts, and the outbox of the topic gpu-alerts.';
CREATE INDEX changes_to_publish ON changes (number) WHERE NOT published;
