"""The pages people use: what many services answer, put together by Quart."""
