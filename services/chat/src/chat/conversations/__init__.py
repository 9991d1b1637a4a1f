"""Conversations: who may see them, their messages, what is unread."""
