"""Export archives: uploaded and imported."""
