"""What other frameworks need to know about ConnetOS; each module needs its framework and is imported by its users."""
