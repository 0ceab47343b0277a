"""What a box recorded without a computer, into the store: `beltbox pull`."""
