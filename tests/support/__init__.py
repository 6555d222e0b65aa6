"""What tests share: a browser, places, and waiting."""
