"""Who may do what in the local service: every request judged by the policies of who signed it."""
