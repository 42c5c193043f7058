"""LL-HLS (RFC 8216bis) from the same parts that are recorded, for browsers that WebRTC fails."""
