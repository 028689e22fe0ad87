"""The jobs that watch the calendar: what is near, late, escalated, provisional, or wrong."""
