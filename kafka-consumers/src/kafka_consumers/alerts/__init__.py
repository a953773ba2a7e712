"""The alert engine. Pure: rules, life, track, stages. Edges: store, engine."""
