-- What the health engine knows and makes. All times are UTC instants.

CREATE TABLE gpu_health_tracks (
    gpu text NOT NULL,
    track text NOT NULL,
    arrived timestamptz NOT NULL,
    is_open boolean NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (gpu, track)
) WITH (fillfactor = 50);
COMMENT ON TABLE gpu_health_tracks IS
    'What must be known of a GPU to judge its next reading, as JSON; written in one transaction with gpu_health_positions.';

CREATE TABLE gpu_health_positions (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE gpu_health_positions IS 'How far Kafka has been judged; the truth, whatever its own offsets say.';

CREATE TABLE gpu_health_outbox (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key text NOT NULL,
    message bytea NOT NULL
);
COMMENT ON TABLE gpu_health_outbox IS 'Messages that Kafka has not acknowledged yet, in their order.';

CREATE TABLE gpu_health_scores (
    gpu text NOT NULL,
    time timestamptz NOT NULL,
    host text NOT NULL,
    mode text NOT NULL CHECK (mode IN ('live', 'demo', 'import')),
    score double precision NOT NULL CHECK (score BETWEEN 0 AND 100),
    components jsonb NOT NULL CHECK (jsonb_typeof(components) = 'object'),
    reasons jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(reasons) = 'array'),
    version text NOT NULL,
    PRIMARY KEY (gpu, time)
);
CREATE INDEX gpu_health_scores_time ON gpu_health_scores USING brin (time);
COMMENT ON TABLE gpu_health_scores IS 'Health of a GPU in the minute that begins at time, 100 best.';
COMMENT ON COLUMN gpu_health_scores.components IS 'Component -> its score, 0 to 100; one without evidence is absent.';
COMMENT ON COLUMN gpu_health_scores.reasons IS
    'Of {component, points, sentence}, the gravest first; points, below 0, is what it takes from the score.';
COMMENT ON COLUMN gpu_health_scores.version IS 'Of the rules that made it.';

CREATE TABLE gpu_failure_predictions (
    gpu text NOT NULL,
    time timestamptz NOT NULL,
    host text NOT NULL,
    mode text NOT NULL CHECK (mode IN ('live', 'demo', 'import')),
    horizon_hours integer NOT NULL CHECK (horizon_hours > 0),
    probability double precision NOT NULL CHECK (probability BETWEEN 0 AND 1),
    model_version text NOT NULL,
    reasons jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(reasons) = 'array'),
    PRIMARY KEY (gpu, time, horizon_hours)
);
COMMENT ON TABLE gpu_failure_predictions IS 'The calibrated probability that a GPU fails within the horizon, as seen at a time.';
COMMENT ON COLUMN gpu_failure_predictions.reasons IS 'The features that weigh most, as sentences for people.';

CREATE TABLE gpu_decisions (
    gpu text NOT NULL,
    time timestamptz NOT NULL,
    host text NOT NULL,
    mode text NOT NULL CHECK (mode IN ('live', 'demo', 'import')),
    action text NOT NULL CHECK (action IN ('keep', 'watch', 'repair', 'move', 'retire')),
    yearly_cost jsonb NOT NULL CHECK (jsonb_typeof(yearly_cost) = 'object'),
    currency text NOT NULL,
    reasons jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(reasons) = 'array'),
    flips jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(flips) = 'array'),
    version text NOT NULL,
    PRIMARY KEY (gpu, time)
);
COMMENT ON TABLE gpu_decisions IS 'What to do about a GPU and what it would cost, as seen at a time. Advice: nothing acts on it.';
COMMENT ON COLUMN gpu_decisions.yearly_cost IS 'Action -> what it would cost in a year, in currency.';
COMMENT ON COLUMN gpu_decisions.flips IS 'What would have to be different for another action, as sentences for people.';

CREATE TABLE gpu_events (
    id text PRIMARY KEY,
    kind text NOT NULL,
    number integer NOT NULL,
    host text NOT NULL,
    device text NOT NULL,
    gpu text,
    source text NOT NULL,
    mode text NOT NULL CHECK (mode IN ('live', 'demo', 'import')),
    name text NOT NULL,
    action text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    text text NOT NULL,
    first timestamptz NOT NULL,
    last timestamptz NOT NULL,
    count bigint NOT NULL CHECK (count > 0)
);
CREATE INDEX gpu_events_gpu ON gpu_events (gpu, last);
CREATE INDEX gpu_events_last ON gpu_events (last);
CREATE INDEX gpu_events_first ON gpu_events (first, id);
COMMENT ON TABLE gpu_events IS 'What happened to a device, a burst of the same as one row; of all sources.';
COMMENT ON COLUMN gpu_events.number IS 'Of an Xid or SXid its own; of throttle the bit; of others docs/health.md says it.';
COMMENT ON COLUMN gpu_events.gpu IS 'host:index, where the source knows it.';
