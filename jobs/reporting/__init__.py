"""Reports at their times: frozen each night, sent upward."""
