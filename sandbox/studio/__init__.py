"""The synthetic studio: films a drawn table whose cards come from the event stream."""
