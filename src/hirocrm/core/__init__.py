"""What every module may use and nothing of theirs: clock, errors, ids, encryption, jobs, text."""
