"""The domain: who exchanges what about whom, under which agreement, by when, and how it is counted."""
