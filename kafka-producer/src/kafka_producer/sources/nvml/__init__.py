"""Live NVIDIA GPUs, asked through NVML, the driver's own library."""
