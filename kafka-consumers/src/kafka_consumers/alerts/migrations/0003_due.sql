-- When time alone will change a track: what each tick looks for.

ALTER TABLE tracks ADD COLUMN due timestamptz;
COMMENT ON COLUMN tracks.due IS
    'When a silence or the end of an alert falls due, should nothing arrive; null: never. The engine looks at all once after its start.';
CREATE INDEX tracks_due ON tracks (due) WHERE due IS NOT NULL;
