"""chat: conversations of shoppers and sellers, and live order tracking."""
