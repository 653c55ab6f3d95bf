"""Every statement of the book as a claim that any implementation can be held to."""
