// Runs compute.py on the 32-bit MicroPython (WebAssembly) with files of this machine:
// node run32.mjs COMPUTE.py BELTCORE_FOLDER SETTINGS.json ROWS.csv METRICS.csv
import fs from "node:fs";
import path from "node:path";
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript/micropython.mjs";

const [computeFile, beltcore, settingsFile, rowsFile, metricsFile] = process.argv.slice(2);
const python = await loadMicroPython({
  heapsize: 4 * 1024 * 1024,
  linebuffer: true,
  stdout: (line) => console.log(line),
  stderr: (line) => console.error(line),
});

python.FS.mkdir("/code");
python.FS.mkdir("/code/beltcore");
python.FS.mkdir("/code/beltcore/host");
for (const name of fs.readdirSync(beltcore, { recursive: true }).filter((name) => name.endsWith(".py"))) {
  python.FS.writeFile(`/code/beltcore/${name}`, fs.readFileSync(path.join(beltcore, name)));
}
python.FS.writeFile("/code/compute.py", fs.readFileSync(computeFile));
python.FS.writeFile("/settings.json", fs.readFileSync(settingsFile));
python.FS.writeFile("/rows.csv", fs.readFileSync(rowsFile));
try {
  python.runPython(
    "import sys\nsys.path.insert(0, '/code')\nimport compute\n" +
      "compute.main(['/code', '/settings.json', '/rows.csv', '/metrics.csv'])",
  );
} catch (error) {
  // The last line says what went wrong; Node would put its own behind it.
  console.error(String(error.message).trim());
  process.exit(1);
}
fs.writeFileSync(metricsFile, python.FS.readFile("/metrics.csv"));
