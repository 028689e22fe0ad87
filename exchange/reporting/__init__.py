"""Reports: figures turned into tables that any writer can write, frozen as they stood, and signed to be sent upward."""
