"""How gpustream is: one check per thing that can be wrong, each independent of the others."""
