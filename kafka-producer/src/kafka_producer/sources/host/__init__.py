"""What the machine around the GPUs does: processor, memory, disks, network, beside the sensors of its GPUs."""
