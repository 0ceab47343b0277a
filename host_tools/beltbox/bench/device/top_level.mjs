// Runs statements on the 32-bit MicroPython, each at its top level, where alone it collects its
// garbage: node top_level.mjs MICROPYTHON.mjs FOLDER STATEMENT…   FOLDER appears as its root.
import fs from "node:fs";
import path from "node:path";

const [engine, folder, ...statements] = process.argv.slice(2);
const { loadMicroPython } = await import(engine);
const python = await loadMicroPython({
  heapsize: 4 * 1024 * 1024,
  linebuffer: true,
  stdout: (line) => console.log(line),
});

function copy(from, to) {
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const target = path.posix.join(to, entry.name);
    if (entry.isDirectory()) {
      python.FS.mkdirTree(target);
      copy(path.join(from, entry.name), target);
    } else {
      python.FS.writeFile(target, fs.readFileSync(path.join(from, entry.name)));
    }
  }
}

copy(folder, "/");
try {
  for (const statement of statements) {
    python.runPython(statement);
  }
} catch (error) {
  console.error(String(error.message).trim());
  process.exit(1);
}
