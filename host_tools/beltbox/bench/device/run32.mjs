// Runs heap.py on the 32-bit MicroPython: node run32.mjs MICROPYTHON.mjs HEAP.py BELTCORE TICKS FIRST
import fs from "node:fs";
import path from "node:path";

const [engine, script, beltcore, ticks, first] = process.argv.slice(2);
const { loadMicroPython } = await import(engine);
const python = await loadMicroPython({
  heapsize: 1024 * 1024,
  linebuffer: true,
  stdout: (line) => console.log(line),
});
python.FS.mkdirTree("/code/beltcore/host");
for (const name of fs.readdirSync(beltcore, { recursive: true }).filter((name) => name.endsWith(".py"))) {
  python.FS.writeFile(`/code/beltcore/${name}`, fs.readFileSync(path.join(beltcore, name)));
}
python.FS.writeFile("/code/heap.py", fs.readFileSync(script));
python.runPython(
  `import sys\nsys.path.insert(0, '/code')\nimport heap\nprint(heap.run(${Number(ticks)}, ${Number(first)}))`,
);
