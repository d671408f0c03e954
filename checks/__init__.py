"""What is right and wrong. Pure: facts in, findings out; standard library and pydantic only."""
