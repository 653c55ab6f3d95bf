"""What a student reads: a function is its formula."""
