"""The way in: GPU-Z logs and live GPUs become readings on Kafka."""
