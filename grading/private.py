"""Files that hold marks: they are written whole or not at all, and only their owner may read them."""

import os
from pathlib import Path


def write(path, text, encoding="utf-8"):
    """Write a text to a file that its owner alone may read (mode 600), and make the folder that it needs (mode 700).

    The line ends of the text are kept. Raises OSError where nothing can be written.
    """
    path = Path(os.path.realpath(path))  # a link goes on leading to the file
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and not path.is_file():  # a terminal, a pipe; or a folder, which is an error
        with open(path, "w", encoding=encoding, newline="") as file:
            file.write(text)
        return
    scratch = path.with_name(f".{path.name[:200]}.{os.getpid()}.part")
    try:
        # The mode is given when the file is made: there is no moment at which others could open it.
        with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(text.encode(encoding))
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)
