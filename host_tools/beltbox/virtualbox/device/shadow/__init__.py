"""Modules that stand in for MicroPython's of the same name on the ESP32."""
