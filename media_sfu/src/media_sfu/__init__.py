"""The SFU: takes a table's video in by WHIP, forwards it by WHEP, records it, never decodes it."""
