"""Cases (事项): the exchanges of one service for a couple."""
