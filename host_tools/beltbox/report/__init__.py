"""What finished sessions become: pages and files."""
