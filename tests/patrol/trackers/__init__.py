"""One test file per tracker protocol, with captured messages."""
