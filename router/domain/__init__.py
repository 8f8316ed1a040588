"""The vocabulary of the house: values, events, commands, errors. Standard library only."""
