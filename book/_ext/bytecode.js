/* node bytecode.js CORE FROM TO: puts bytecode into every archive in the folder FROM, with the Pyodide in CORE.

   Of a wheel and of the standard library, it takes the place of the sources, which would be as heavy again: a traceback
   then names their lines without showing them. An archive in the folder FROM/with-sources has both. */

const [core, from, to] = process.argv.slice(2);
const { loadPyodide } = require(`${core}/pyodide.js`);

// Unchecked: the times of the sources would otherwise have to agree with those in the bytecode.
const COMPILE = `
import zipfile
from importlib.util import source_hash
from importlib._bootstrap_external import _code_to_hash_pyc
from pathlib import Path

FOR_COMPILERS = (".pyi", ".pxd", ".h", ".a")

def add_bytecode(source, target):
    root = "/lib/python312.zip" if source.suffix == ".zip" else "/lib/python3.12/site-packages"
    with_sources = source.parent.name == "with-sources"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if with_sources or not name.endswith((".py", *FOR_COMPILERS)):
                new.writestr(entry(name), content, compresslevel=9)
            if name.endswith(".py"):
                code = compile(content, f"{root}/{name}", "exec", dont_inherit=True)
                compiled = bytes(_code_to_hash_pyc(code, source_hash(content), False))
                new.writestr(entry(f"{name}c"), compiled, compresslevel=9)

def entry(name):
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info

for source in sorted(path for path in Path("/from").rglob("*") if path.is_file()):
    add_bytecode(source, Path("/to", source.name))
`;

async function main() {
  const python = await loadPyodide({ indexURL: core, env: { PYTHONHASHSEED: "0" } });
  python.mountNodeFS("/from", from);
  python.mountNodeFS("/to", to);
  python.runPython(COMPILE);
}

main().catch((error) => {
  console.error(String(error.message).slice(-2000)); // without it, node would show a whole line of pyodide.asm.js
  process.exit(1);
});
