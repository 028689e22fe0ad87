"""HTTP: the wire API that partners call and the API of the jurisdiction's own systems."""
