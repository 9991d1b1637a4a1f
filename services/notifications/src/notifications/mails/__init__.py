"""What is written: a draft for each template, its HTML and text, the invoice, the finished message."""
