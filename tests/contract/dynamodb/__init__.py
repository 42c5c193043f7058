"""What DynamoDB does, as programs of calls that every store of the tests has to answer alike."""
