// Runs Python programs in Pyodide, each by itself, where only some wheels are installed:
// NODE_PATH=node_modules node pyodide.mjs '["a.whl", "b.whl"]' program.py…
// Prints as JSON what each wrote, and how many milliseconds it took until the package was imported.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [wheels, ...programs] = process.argv.slice(2);

async function main() {
  const { loadPyodide } = createRequire(import.meta.url)("pyodide");
  const begun = performance.now();
  const pyodide = await loadPyodide();
  for (const wheel of JSON.parse(wheels)) pyodide.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel");
  pyodide.runPython("import autograd_lite");
  const milliseconds = Math.round(performance.now() - begun);

  const written = programs.map((program) => {
    const lines = [];
    pyodide.setStdout({ batched: (line) => lines.push(line) });
    pyodide.setStderr({ batched: (line) => lines.push(line) });
    const globals = pyodide.toPy({ __name__: "__main__" });
    pyodide.runPython(readFileSync(program, "utf8"), { globals, filename: program });
    return lines.join("\n");
  });
  return JSON.stringify({ written, milliseconds });
}

main().then(
  (result) => process.stdout.write(result),
  (error) => { // its stack would show Pyodide's sources, each a single long line
    console.error(error.message);
    process.exitCode = 1;
  },
);
