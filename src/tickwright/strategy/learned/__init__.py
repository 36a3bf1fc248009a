"""What a learned tick level sees and may do: the same functions in training, in a replay and live."""
