-- What people ask for, and what they were told. The dashboard and the engine meet here and nowhere else: the dashboard
-- inserts into `requests`, `comments` and `silences` (and sets silences.removed); all else is the engine's to write.

CREATE TABLE requests (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id text NOT NULL REFERENCES alerts (id),
    action text NOT NULL CHECK (action IN ('acknowledge', 'resolve')),
    by_whom text NOT NULL CHECK (by_whom <> ''),
    comment text NOT NULL DEFAULT '',
    at timestamptz NOT NULL DEFAULT now(),
    done timestamptz,
    outcome text CHECK (outcome IN ('done', 'already', 'unknown')),
    CHECK ((done IS NULL) = (outcome IS NULL))
);
COMMENT ON TABLE requests IS
    'A person''s wish about an alert. The dashboard inserts; the engine applies it within about a second, in the transaction that moves the alert.';
COMMENT ON COLUMN requests.comment IS 'Why; empty: no words. The engine copies it into comments when it is done.';
COMMENT ON COLUMN requests.done IS 'When the engine has dealt with it; null: not yet.';
COMMENT ON COLUMN requests.outcome IS
    'done; already: it was so before; unknown: the alert is not open (any more). Null as long as done is null.';
CREATE INDEX requests_to_do ON requests (number) WHERE done IS NULL;
CREATE INDEX requests_by_alert ON requests (alert_id, number);

CREATE TABLE comments (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id text NOT NULL REFERENCES alerts (id),
    by_whom text NOT NULL CHECK (by_whom <> ''),
    at timestamptz NOT NULL DEFAULT now(),
    words text NOT NULL CHECK (words <> '')
);
COMMENT ON TABLE comments IS 'What people wrote about an alert. The dashboard inserts; the engine adds those of requests.';
CREATE INDEX comments_by_alert ON comments (alert_id, number);

CREATE TABLE silences (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    starts timestamptz NOT NULL DEFAULT now(),
    ends timestamptz,
    gpu text[] NOT NULL DEFAULT '{}',
    host text[] NOT NULL DEFAULT '{}',
    source text[] NOT NULL DEFAULT '{}',
    model text[] NOT NULL DEFAULT '{}',
    rules text[] NOT NULL DEFAULT '{}',
    alerts text[] NOT NULL DEFAULT '{}',
    by_whom text NOT NULL CHECK (by_whom <> ''),
    reason text NOT NULL DEFAULT '',
    created timestamptz NOT NULL DEFAULT now(),
    removed timestamptz,
    CHECK (ends > starts),
    CHECK (ends IS NOT NULL OR cardinality(alerts) > 0)
);
COMMENT ON TABLE silences IS
    'Alerts that a person does not want to hear of: recorded as always, and nobody is told. The dashboard inserts, and sets removed.';
COMMENT ON COLUMN silences.ends IS 'Null: until each alert of `alerts` is over.';
COMMENT ON COLUMN silences.gpu IS
    'gpu, host, source, model: patterns with * and ?, as in config/alerts.yaml; all that are given must match, by one pattern each; empty: any.';
COMMENT ON COLUMN silences.rules IS 'Patterns of rules; empty: any.';
COMMENT ON COLUMN silences.alerts IS 'Where ends is null: the ids of the alerts that are silenced.';
COMMENT ON COLUMN silences.removed IS 'Taken back by a person; it counts no more from then on.';
CREATE INDEX silences_in_force ON silences (ends) WHERE removed IS NULL;

CREATE TABLE told (
    contact text NOT NULL,
    subjects text[] NOT NULL,
    alerts text[] NOT NULL,
    time timestamptz NOT NULL,
    PRIMARY KEY (contact, subjects)
);
COMMENT ON TABLE told IS 'What a contact knows of a group of alerts: those told as firing and not yet as resolved, and when.';

CREATE TABLE notifications (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact text NOT NULL,
    subjects text[] NOT NULL,
    at timestamptz NOT NULL,
    why text NOT NULL CHECK (why IN ('new', 'resolved', 'escalated', 'repeated', 'report')),
    alerts text[] NOT NULL,
    ok boolean NOT NULL,
    attempts integer NOT NULL,
    detail text NOT NULL DEFAULT ''
);
COMMENT ON TABLE notifications IS
    'Log of the messages to contacts; of one that did not get through, one row that is written anew with each attempt.';
COMMENT ON COLUMN notifications.subjects IS 'The group that the message was about, such as {host=desk}.';
COMMENT ON COLUMN notifications.at IS 'Of the last attempt.';
COMMENT ON COLUMN notifications.ok IS 'Whether the contact''s server took it; false: it is tried again.';
CREATE INDEX notifications_by_contact ON notifications (contact, at DESC);
CREATE INDEX notifications_by_alert ON notifications USING gin (alerts);

CREATE TABLE actions (
    alert_id text NOT NULL REFERENCES alerts (id),
    action text NOT NULL,
    what text NOT NULL,
    dry_run boolean NOT NULL,
    at timestamptz NOT NULL,
    seconds double precision,
    status text NOT NULL CHECK (status IN ('started', 'dry_run', 'done', 'failed', 'timeout', 'interrupted')),
    output text NOT NULL DEFAULT '',
    PRIMARY KEY (alert_id, action)
);
COMMENT ON TABLE actions IS 'Log of what was run because of an alert: once per alert and action, never a second time.';
COMMENT ON COLUMN actions.what IS 'The command, or the setting that names the address.';
COMMENT ON COLUMN actions.status IS
    'dry_run: only written down; failed: exit status or answer in output; interrupted: the engine was killed while it ran.';

CREATE INDEX changes_by_alert ON changes (alert_id, number);

CREATE VIEW alerts_api AS
SELECT
    a.id,
    a.host AS node_id,
    split_part(a.gpu, ':', 2) AS gpu_index,
    a.rule AS alert_type,
    a.severity,
    a.message,
    a.threshold AS threshold_value,
    a.value AS actual_value,
    a.worst AS worst_value,
    CASE WHEN a.state = 'firing' THEN 'active' ELSE a.state END AS status,
    a.fired AS triggered_at,
    k.time AS acknowledged_at,
    a.acknowledged_by,
    a.resolved AS resolved_at,
    a.started AS started_at,
    a.changed AS changed_at,
    a.gpu,
    a.source,
    a.model,
    a.metric,
    a.mode,
    a.reason,
    a.action
FROM alerts AS a
LEFT JOIN LATERAL (
    SELECT c.time FROM changes AS c WHERE c.alert_id = a.id AND c.state = 'acknowledged' ORDER BY c.number LIMIT 1
) AS k ON true;
COMMENT ON VIEW alerts_api IS 'Alerts under the names of the REST API; all times are of the readings.';
