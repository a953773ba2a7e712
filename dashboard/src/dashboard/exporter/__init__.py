"""What gpustream knows as a page for Prometheus: processes, Kafka, disks, and the newest readings of every GPU."""
