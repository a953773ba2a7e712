"""The source ``dcgm``: pages of NVIDIA's dcgm-exporter."""
