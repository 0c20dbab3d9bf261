"""What a browser that runs an exercise would fetch in vain: modules of Python, IPython and numpy that do nothing there.

Left out is only what cannot work in a browser, or what the interpreter has in another form. Whatever a reader's own
code may import with profit stays, whether or not an exercise imports it.
"""

import re

# Paths without their endings, as regular expressions; of a folder, all that is in it.
ALREADY_IN_THE_INTERPRETER = r"""
    _collections_abc _sitebuiltins abc codecs genericpath importlib/(_bootstrap|_bootstrap_external|machinery|util)
    io ntpath os posixpath runpy site stat zipimport
    _pydatetime _pyio zoneinfo/_zoneinfo
"""
DROPPED_BY_PYTHON_3_13 = r"""
    aifc audioop cgi cgitb chunk crypt imghdr mailcap msilib nis nntplib ossaudiodev pipes sndhdr spwd sunau telnetlib
    uu xdrlib
"""
FOR_SOCKETS_AND_PROCESSES = r"""
    ftplib http/server imaplib mailbox multiprocessing poplib smtplib wsgiref xmlrpc
    IPython/external IPython/terminal/pt_inputhooks/(?!__init__)\w+ prompt_toolkit/contrib pty tty
"""
FOR_OTHER_SYSTEMS = r"""
    _aix_support _osx_support asyncio/(proactor_events|windows_\w+) ctypes/(macholib|_aix)
    \w+/.*win32\w* \w+/.*windows10 prompt_toolkit/output/conemu
    encodings/(cp(?!437|125\d|932|949|950)\d+|mac_\w+|hp_roman8|kz1048|ptcp154|tis_620)
"""
FOR_THOSE_WHO_DEVELOP_THEM = r"""
    IPython/sphinxext IPython/testing/(?!__init__|skipdoctest)\w+ packaging/.*\.orig [\w.-]+\.dist-info/RECORD
    numpy/_core/_(operand_flag|rational|struct_ufunc|umath)_tests.* numpy/linalg/lapack_lite.* numpy/_pyinstaller
    numpy/f2py/src
"""
# The kernel could colour 500 languages, in 50 styles and for ten kinds of paper; a reader writes Python.
FOR_OTHER_LANGUAGES = r"""
    pygments/lexers/(?!(__init__|_mapping|python|special)\.)\w+ pygments/(__main__|cmdline|sphinxext)
    pygments/formatters/(bbcode|groff|img|irc|pangomarkup|rtf|svg)
    pygments/styles/(?!(__init__|_mapping|default|monokai|pastie)\.)\w+
"""
PATTERNS = [
    ALREADY_IN_THE_INTERPRETER,
    DROPPED_BY_PYTHON_3_13,
    FOR_SOCKETS_AND_PROCESSES,
    FOR_OTHER_SYSTEMS,
    FOR_THOSE_WHO_DEVELOP_THEM,
    FOR_OTHER_LANGUAGES,
]
NEEDLESS = re.compile(rf"({'|'.join(' '.join(PATTERNS).split())})(/.*|\.\w+)?")


def is_needless(name):
    """Whether the file of this name in an archive is left out."""
    return bool(NEEDLESS.fullmatch(name))
