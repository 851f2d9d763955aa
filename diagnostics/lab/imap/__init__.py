"""The lab's IMAP server: lexer, parser, sign-in, session and sockets, each in a file of its own."""
