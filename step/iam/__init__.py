"""AWS's permissions: policies, how they are judged, and what a call of an API has to be allowed."""
