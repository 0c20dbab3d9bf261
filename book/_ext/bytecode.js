/* node bytecode.js CORE FROM TO: adds bytecode to every archive in the folder FROM, with the Pyodide in CORE. */

const [core, from, to] = process.argv.slice(2);
const { loadPyodide } = require(`${core}/pyodide.js`);

// A .zip is imported from where it lies, with the bytecode beside each source; a .whl is unpacked, with __pycache__.
// Unchecked: the times of the sources would otherwise have to agree with those in the bytecode.
const COMPILE = `
import zipfile
from importlib.util import cache_from_source, source_hash
from importlib._bootstrap_external import _code_to_hash_pyc
from pathlib import Path

def add_bytecode(source, target):
    zipped = source.suffix == ".zip"
    root = "/lib/python312.zip" if zipped else "/lib/python3.12/site-packages"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(entry(name), content)
            if name.endswith(".py"):
                code = compile(content, f"{root}/{name}", "exec", dont_inherit=True)
                bytecode = _code_to_hash_pyc(code, source_hash(content), False)
                new.writestr(entry(f"{name}c" if zipped else cache_from_source(name)), bytes(bytecode))

def entry(name):
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info

for source in sorted(Path("/from").iterdir()):
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
