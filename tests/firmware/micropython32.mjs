// Runs script.py on the 32-bit MicroPython: node micropython32.mjs ROOT FIRMWARE FOLDER
// FIRMWARE appears as /firmware, FOLDER as the current folder.
import fs from "node:fs";
import path from "node:path";

const [root, firmware, folder] = process.argv.slice(2);
const engine = "host_tools/beltbox/replay/engines/node_modules/@micropython/micropython-webassembly-pyscript";
const { loadMicroPython } = await import(path.join(root, engine, "micropython.mjs"));

const out = [];
const mp = await loadMicroPython({
    heapsize: 32 * 1024 * 1024,
    linebuffer: false,
    stdout: (data) => out.push(Buffer.from(data)),
});

function copy(from, to) {
    for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
        const target = path.posix.join(to, entry.name);
        if (entry.isDirectory()) {
            mp.FS.mkdirTree(target);
            copy(path.join(from, entry.name), target);
        } else {
            mp.FS.writeFile(target, fs.readFileSync(path.join(from, entry.name)));
        }
    }
}

mp.FS.mkdirTree("/firmware");
copy(firmware, "/firmware");
copy(folder, "/");
let failed = false;
try {
    mp.runPython(fs.readFileSync(path.join(folder, "script.py"), "utf8"));
} catch (error) {
    failed = true;
    process.stderr.write(String(error.message));
}
fs.writeSync(1, Buffer.concat(out));
process.exitCode = failed ? 1 : 0;
