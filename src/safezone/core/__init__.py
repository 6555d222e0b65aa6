"""The ground: the log, the writer lane, the vault, identities and other things that know no police word."""
