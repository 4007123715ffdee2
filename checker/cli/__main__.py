"""``python -m checker.cli``: what ``./kata`` hands over to."""

from checker.cli import main

if __name__ == "__main__":
    main()
