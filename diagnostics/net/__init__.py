"""What everything that speaks HTTP shares: one client whose exchanges end in time and in memory, TLS, deadlines.

Light: requests and urllib3 come with `client` alone.
"""
