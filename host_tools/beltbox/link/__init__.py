"""One box at one port: found, met, asked, listened to."""
