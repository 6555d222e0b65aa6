"""What happens when things die, fill up or lie: nothing that was acknowledged is missing, and nothing is twice."""
