"""Which deliveries are attempted at once."""
