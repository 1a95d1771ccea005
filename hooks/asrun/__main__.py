"""`python -m asrun` is `asrun`."""

from asrun.cli import main

if __name__ == "__main__":
    main()
