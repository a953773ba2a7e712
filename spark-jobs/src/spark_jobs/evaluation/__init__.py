"""How well anomalies are found in series of which the truth is known. No Spark, no server."""
