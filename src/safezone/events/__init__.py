"""What has happened, said in the same words to everybody: one file of frozen events per domain."""
