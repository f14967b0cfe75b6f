

secret0.1.0guild