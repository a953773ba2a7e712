"""The words that every part of gpustream shares; imports nothing of the other projects."""
