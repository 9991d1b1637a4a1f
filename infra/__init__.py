"""What must be there before the services: secrets, databases, queues, topics. infra.yaml says which."""
