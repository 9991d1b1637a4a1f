"""An asyncio client of Nameko's RPC over RabbitMQ."""
