// Writes one chunk per job with the filters of h5wasm-plugins: node encode.mjs jobs.json out.h5
import { readFileSync } from "node:fs";
import * as h5wasm from "h5wasm/node";
import { install_local_plugins } from "h5wasm-plugins";

install_local_plugins(await h5wasm.ready);
const file = new h5wasm.File(process.argv[3], "w");
for (const { name, bytes, dtype, shape, filter, options } of JSON.parse(readFileSync(process.argv[2]))) {
    const raw = Uint8Array.from(Buffer.from(bytes, "base64")).buffer;
    const types = { "<i2": Int16Array, "<i4": Int32Array, "<f4": Float32Array, "<f8": Float64Array, "|u1": Uint8Array };
    const data = new types[dtype](raw);
    file.create_dataset({ name, data, shape, dtype: { "<f8": "<d", "<f4": "<f", "<i2": "<h", "|u1": "<B" }[dtype] ?? dtype, chunks: shape, compression: filter, compression_opts: options });
}
file.close();
