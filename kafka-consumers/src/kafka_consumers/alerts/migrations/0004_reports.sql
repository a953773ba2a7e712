-- Reports on their way to people. The console puts finished pages in, the engine sends them; they meet here and nowhere else.

CREATE TABLE report_kinds (
    kind text PRIMARY KEY CHECK (kind IN ('daily', 'weekly'))
);
COMMENT ON TABLE report_kinds IS
    'The reports that somebody gets by config/alerts.yaml. The engine writes it when it starts; the console puts in no others.';

CREATE TABLE reports_to_send (
    kind text NOT NULL CHECK (kind IN ('daily', 'weekly')),
    period text NOT NULL CHECK (period ~ '^[0-9]{4}-[0-9W-]{3,5}$'),
    title text NOT NULL,
    html text,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'dropped')),
    told text[] NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, period),
    CHECK ((html IS NOT NULL) = (state = 'waiting'))
);
COMMENT ON TABLE reports_to_send IS
    'Each day and each week once, for ever: that is what keeps it from being sent again. The console inserts; the engine moves state.';
COMMENT ON COLUMN reports_to_send.period IS 'Such as 2026-11-22 or 2026-W47.';
COMMENT ON COLUMN reports_to_send.html IS 'The whole page, as long as it waits.';
COMMENT ON COLUMN reports_to_send.state IS
    'sent: every contact has it; dropped: nobody is to get it, or somebody could not be reached for days.';
COMMENT ON COLUMN reports_to_send.told IS 'The contacts that have it.';
COMMENT ON COLUMN reports_to_send.at IS 'When it was put in.';
